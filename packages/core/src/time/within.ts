import type { Clock } from './clock.js';

/**
 * Waits for something that may never come, but not longer than this.
 * @param ms how long
 * @returns true when it came in time, whether it resolved or rejected
 */
export async function within(clock: Clock, ms: number, awaited: Promise<unknown>): Promise<boolean> {
  let cancel: () => void = () => undefined;
  const late = new Promise<false>((resolve) => {
    const timer = clock.setTimer(() => resolve(false), ms);
    cancel = () => timer.cancel();
  });
  const came = awaited.then(
    () => true,
    () => true,
  );
  const inTime = await Promise.race([came, late]);
  cancel();
  return inTime;
}
