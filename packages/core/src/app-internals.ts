import type { AppBroker } from './app-broker.js';
import type { Topology } from './broker/topology.js';
import type { FrozenCanvas } from './canvas/freeze.js';
import { TqError } from './errors.js';
import type { EventRegistry } from './events/event-registry.js';
import type { ResolvedOptions } from './options.js';
import type { Transport } from './results/transport.js';
import type { Runtime } from './runtime.js';
import type { CanvasHost, CanvasOrder } from './task/canvas-part.js';
import type { Registry } from './task/registry.js';

/** What the worker uses of an app beside its public face. */
export interface AppInternals extends CanvasHost {
  /**
   * Fixes ids, queues and options of a canvas, and sends nothing.
   * @throws {PublishError} what is wrong with it, with the step named
   */
  freezeCanvas(order: CanvasOrder): FrozenCanvas;
  readonly options: ResolvedOptions;
  readonly runtime: Runtime;
  readonly registry: Registry;
  readonly transport: Transport;
  /** Resolves when no call waits for middleware or a validator; undefined when none does now. */
  waiting(): Promise<void> | undefined;
  /** Connections and publisher, made when first asked for. */
  broker(): AppBroker;
  /** The events that are defined here. */
  readonly events: EventRegistry;
  /** How a queue is declared, with the exchanges that it gets messages from; takes the full name, prefix included. */
  topologyOf(queue: string): Topology;
  /** An exchange with all that it leads to; takes the full name. Undefined where the options do not have it. */
  topologyOfExchange(exchange: string): Topology | undefined;
  /** All that the app declares of its own accord, the queues of its tasks included. */
  declaredTopology(): Topology;
}

/** Where the internals are found, whichever copy of this package made the app. */
export const INTERNALS: unique symbol = Symbol.for('tq.app-internals');

/**
 * The internals of an app.
 * @throws {TqError} `invalid-option` when it is no app
 */
export function internalsOf(app: object): AppInternals {
  const internals = (app as { [INTERNALS]?: AppInternals })[INTERNALS];
  if (internals !== undefined) return internals;
  throw new TqError('invalid-option', 'app: expected what createApp() gives, found something else.');
}
