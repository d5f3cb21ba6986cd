import { type Logger, runStartHooks, runStopHooks, TqError, toError } from '@tq/core/internal';

/**
 * Opens what the tasks of a slot share.
 * @throws {TqError} `task-load-failed` with the hook's error, since a slot without it can run no task
 */
export async function startSlot(): Promise<void> {
  try {
    await runStartHooks('slotStart', undefined);
  } catch (thrown) {
    const cause = toError(thrown);
    const text = `A hook of onSlotStart failed: ${cause.name}: ${cause.message}. The slot does not start without it.`;
    throw new TqError('task-load-failed', text, { cause });
  }
}

/** Closes what the tasks of a slot share; hooks that fail are logged, and the others run all the same. */
export async function stopSlot(logger: Logger): Promise<void> {
  for (const err of await runStopHooks('slotStop', undefined)) {
    logger.error({ err }, 'A hook of onSlotStop failed; the slot ends all the same.');
  }
}
