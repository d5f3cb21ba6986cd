import { isPublishError } from '../errors.js';
import type { Reply } from '../protocol/reply.js';
import type { CallFacts } from '../results/async-result.js';
import type { CanvasPublication } from '../results/canvas-publication.js';
import type { CallListener } from '../results/transport.js';

/** Who is told of a call that starts a canvas: its result, and once the publication of the whole. */
export class StartListener implements CallListener {
  readonly #facts: CallFacts;
  readonly #result: CallListener;
  readonly #canvas: CanvasPublication;
  #published = false;

  constructor(facts: CallFacts, result: CallListener, canvas: CanvasPublication) {
    this.#facts = facts;
    this.#result = result;
    this.#canvas = canvas;
  }

  confirmed(): void {
    this.#result.confirmed();
    this.#confirmed();
  }

  failed(error: Error): void {
    this.#result.failed(error);
    if (this.#published || !isPublishError(error)) return;
    this.#published = true;
    this.#canvas.failed(this.#facts.id, this.#facts.task, error);
  }

  replied(reply: Reply): void {
    this.#result.replied(reply);
    // It can be quicker than the confirm, and says as much.
    this.#confirmed();
  }

  #confirmed(): void {
    if (this.#published) return;
    this.#published = true;
    this.#canvas.confirmed();
  }
}
