export { ManualClock } from './manual-clock.js';
export { createTestApp, type TestAppOptions, useManualClock, whenIdle } from './test-app.js';
