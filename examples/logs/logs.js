// @ts-check
/** What programs and collectors share: the exchanges, and what a line of a log is. */
import { createApp } from '@tq/core';

/** @typedef {'info' | 'warning' | 'error' | 'critical'} Severity */
/** @typedef {{ readonly facility: string, readonly severity: Severity, readonly text: string }} LogLine */

export const app = createApp({
  exchanges: {
    logs: { type: 'fanout' },
    'logs.severity': { type: 'direct' },
    'logs.facility': { type: 'topic' },
  },
});

/** Every line, to everybody who wants the log. */
export const logged = /** @type {import('@tq/core').DefinedEvent<LogLine>} */ (app.event('log', { exchange: 'logs' }));
const bySeverity = app.event('log.severity', { exchange: 'logs.severity' });
const byFacility = app.event('log.facility', { exchange: 'logs.facility' });

/**
 * Logs a line; resolves when the broker has it, for whoever collects.
 * @param {string} facility
 * @param {Severity} severity
 * @param {string} text
 */
export async function log(facility, severity, text) {
  const line = { facility, severity, text };
  await Promise.all([
    logged.publish(line),
    bySeverity.publish(line, { routingKey: severity }),
    byFacility.publish(line, { routingKey: `${facility}.${severity}` }),
  ]);
}
