/** Retry policies: what a task may say, what a call may, and what a handler may throw. */
import {
  createApp,
  currentTask,
  declareTask,
  defineTask,
  type EarlierError,
  Ignore,
  type Middleware,
  Reject,
  Retry,
  type RetryOptions,
  Task,
  type WillRetry,
} from '@tq/core';
import { same } from './equal.js';

class HttpError extends Error {
  readonly status = 503;
}
abstract class Transient extends Error {}

const fetchPage = defineTask('fetch-page', (url: string) => url.length, {
  retry: {
    maxRetries: 5,
    backoff: 'linear',
    delay: 500,
    maxDelay: 60_000,
    jitter: false,
    retryOn: [
      HttpError,
      Transient,
      (error) => {
        same<Error, typeof error>();
        return error.message === 'busy';
      },
    ],
    noRetryOn: [RangeError, (error: Error) => error.name === 'AbortError'],
  },
});

const backoff: RetryOptions['backoff'] = (attempt, error) => {
  same<[number, Error], [typeof attempt, typeof error]>();
  return attempt * 10;
};
defineTask({ name: 'by-object', retry: { backoff } }, () => undefined);
defineTask('nothing-said', () => undefined, { retry: undefined });

fetchPage.apply(['u'], { retry: { maxRetries: 1, backoff: 'fixed', delay: 5, maxDelay: undefined, jitter: true } });
fetchPage.apply(['u'], { retry: false });
fetchPage.bulk([['u']], { retry: {} });
declareTask<typeof fetchPage>('fetch-page', { retry: { maxRetries: 9 } });

export class Mail {
  @Task({ retry: { retryOn: [HttpError] } })
  send(): void {}

  // @ts-expect-error: a list of classes
  @Task({ retry: { retryOn: HttpError } })
  wrong(): void {}
}

// @ts-expect-error: an option that does not exist
defineTask('typo', () => undefined, { retry: { maxRetires: 3 } });
// @ts-expect-error: shapes are few
defineTask('shape', () => undefined, { retry: { backoff: 'cubic' } });
// @ts-expect-error: a backoff gives milliseconds
defineTask('text', () => undefined, { retry: { backoff: () => '10s' } });
// @ts-expect-error: a number of milliseconds
defineTask('delay', () => undefined, { retry: { delay: '10s' } });
// @ts-expect-error: no policy is no option
defineTask('off', () => undefined, { retry: false });
// @ts-expect-error: a class of what is no error cannot be thrown as one
defineTask('no-error', () => undefined, { retry: { retryOn: [Date] } });
// @ts-expect-error: a predicate says yes or no
defineTask('vague', () => undefined, { retry: { retryOn: [(error) => error.message] } });
// @ts-expect-error: functions do not travel
fetchPage.apply(['u'], { retry: { backoff: () => 5 } });
// @ts-expect-error: classes neither
fetchPage.apply(['u'], { retry: { retryOn: [HttpError] } });
// @ts-expect-error: a policy or false
fetchPage.apply(['u'], { retry: true });
// @ts-expect-error: nor from a declaration
declareTask<typeof fetchPage>('fetch-page', { retry: { noRetryOn: [HttpError] } });

export function thrown(): readonly EarlierError[] {
  const { attempt, errors } = currentTask();
  if (attempt > 5) throw new Retry({ delay: 100, maxRetries: 9, cause: new Error('why') });
  if (attempt > 4) throw new Retry();
  if (attempt > 3) throw new Reject('no such user', { cause: 'gone' });
  if (attempt > 2) throw new Ignore();
  if (attempt > 1) throw new Ignore('done already');
  // @ts-expect-error: say why
  if (errors.length > 9) throw new Reject();
  // @ts-expect-error: a delay is a number of milliseconds
  if (errors.length > 8) throw new Retry({ delay: '1s' });
  // @ts-expect-error: what has happened stays as it is
  errors.pop();
  return errors;
}

createApp().use({
  retry: ({ context }, { error, delayMs, attempt }) => {
    same<[Error, number, number], [typeof error, typeof delayMs, typeof attempt]>();
    context.log.info({ err: error }, 'again');
  },
});
export const telling: Middleware = { retry: (_, retry) => same<WillRetry, typeof retry>() };
