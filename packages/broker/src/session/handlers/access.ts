import type { Handlers } from './handler.js';

/** Class access, which AMQP 0-9-1 has dropped and some clients still use: every request is granted. */
export const accessHandlers: Handlers<'access.request'> = {
  'access.request': (channel) => channel.send('access.request-ok', { reserved1: 1 }),
};
