import type { MethodArguments, MethodName } from '../../wire/methods.js';
import type { Channel } from '../channel.js';

/** Methods that carry a message are handled with it, elsewhere. */
export type PlainMethod = Exclude<MethodName, 'basic.publish'>;

/** Carries out a method of an open channel. It throws `AmqpError` for what the client may not do. */
export type Handler<M extends PlainMethod> = (channel: Channel, args: MethodArguments<M>) => void;

/** The handlers of some methods. */
export type Handlers<M extends PlainMethod> = { readonly [K in M]: Handler<K> };
