import { type Follower, isFinal, type Reply } from '@tq/core/internal';
import type { PortFollower } from './job-messages.js';

/** Child's side of the later steps that its tasks wait for: each has a number of its own, as a call has. */
export class PortFollowers {
  readonly #nextSeq: () => number;
  readonly #open = new Map<number, Follower>();
  readonly #seqs = new Map<string, number>();

  constructor(nextSeq: () => number) {
    this.#nextSeq = nextSeq;
  }

  add(followers: readonly Follower[]): PortFollower[] {
    return followers.map((follower) => {
      const { taskId } = follower;
      const seq = this.#nextSeq();
      this.#open.set(seq, follower);
      this.#seqs.set(taskId, seq);
      return { seq, taskId };
    });
  }

  /** Their call could not go: nobody answers. */
  drop(followers: readonly Follower[]): void {
    for (const { taskId } of followers) this.forget(taskId);
  }

  /** @returns the step's number, when it was waited for */
  forget(taskId: string): number | undefined {
    const seq = this.#seqs.get(taskId);
    if (seq !== undefined) this.#close(seq);
    return seq;
  }

  /** @returns false when the number is none of a step that is waited for */
  replied(seq: number, reply: Reply): boolean {
    const follower = isFinal(reply) ? this.#close(seq) : this.#open.get(seq);
    follower?.listener.replied(reply);
    return follower !== undefined;
  }

  /** @returns false when the number is none of a step that is waited for */
  failed(seq: number, error: Error): boolean {
    const follower = this.#close(seq);
    follower?.listener.failed(error);
    return follower !== undefined;
  }

  #close(seq: number): Follower | undefined {
    const follower = this.#open.get(seq);
    if (follower === undefined) return undefined;
    this.#open.delete(seq);
    if (this.#seqs.get(follower.taskId) === seq) this.#seqs.delete(follower.taskId);
    return follower;
  }
}
