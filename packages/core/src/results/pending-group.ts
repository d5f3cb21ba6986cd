import { ResultTimeoutError, TqError } from '../errors.js';
import { formatDuration } from '../time/duration.js';
import type { AnyResult, EndedMember, GetOptions, GroupResult, ResultServices } from './async-result.js';
import type { CanvasPublication } from './canvas-publication.js';
import { checkWait, NO_OPTIONS, OpenWaits, type Outcome, type WaitEnds } from './open-waits.js';
import {
  type Forgettable,
  forgetAll,
  type MemberWatcher,
  nextToEnd,
  type ResultPart,
  type Watching,
} from './step-place.js';
import type { WorkflowStates } from './workflow.js';
import type { WorkflowTree } from './workflow-tree.js';

/** What a group's result is made of. */
export interface PendingGroupOptions {
  readonly id: string;
  readonly members: readonly (AnyResult & ResultPart)[];
  readonly parent: (AnyResult & ResultPart) | undefined;
  readonly canvas: CanvasPublication;
  readonly services: ResultServices;
  readonly workflow: WorkflowStates;
}

type Settled<T extends readonly unknown[]> = { -readonly [K in keyof T]: PromiseSettledResult<T[K]> };

/**
 * The one implementation of {@link GroupResult}; its members tell it of their ends. However many there are, a wait has one
 * timer.
 */
export class PendingGroup<T extends readonly unknown[]> implements GroupResult<T>, ResultPart, MemberWatcher {
  readonly #options: PendingGroupOptions;
  /** Places of the members that have ended, in that order. */
  readonly #ended: number[] = [];
  #failure: Error | undefined;
  #dropped = false;
  readonly #watchers: Watching[] = [];
  /** Each made with the first who waits so: for all results, for all ends, for one more end. */
  #forAll: OpenWaits<void> | undefined;
  #forEnds: OpenWaits<void> | undefined;
  #forNext: OpenWaits<void> | undefined;

  constructor(options: PendingGroupOptions) {
    this.#options = options;
    options.members.forEach((member, index) => {
      member.watch(this, index);
    });
  }

  get id(): string {
    return this.#options.id;
  }

  get results(): GroupResult<T>['results'] {
    return this.#options.members as unknown as GroupResult<T>['results'];
  }

  get total(): number {
    return this.#options.members.length;
  }

  completed(): number {
    return this.#ended.length;
  }

  get parent(): AnyResult | undefined {
    return this.#options.parent;
  }

  get published(): Promise<void> {
    return this.#options.canvas.published;
  }

  get outcome(): Outcome<unknown> | undefined {
    if (this.#ended.length < this.total) return undefined;
    return this.#failure === undefined ? { value: this.#values() } : { error: this.#failure };
  }

  async get(options: GetOptions = NO_OPTIONS): Promise<T> {
    this.#check('get', options);
    if (this.total === 0) await this.#options.parent?.get(options);
    if (this.#failure === undefined && !this.#allEnded) {
      this.#forAll ??= this.#waits();
      await this.#forAll.open(options);
    }
    if (this.#failure !== undefined) throw this.#failure;
    return this.#values();
  }

  async allSettled(options: GetOptions = NO_OPTIONS): Promise<Settled<T>> {
    this.#check('allSettled', options);
    if (!this.#allEnded) {
      this.#forEnds ??= this.#waits();
      await this.#forEnds.open(options);
    }
    return this.#options.members.map(({ outcome }) => settled(outcome as Outcome<unknown>)) as Settled<T>;
  }

  async *iterate(options: GetOptions = NO_OPTIONS): AsyncGenerator<EndedMember<T[number]>, undefined> {
    this.#check('iterate', options);
    for (let seen = 0; seen < this.total; seen++) {
      if (seen === this.#ended.length) {
        this.#forNext ??= this.#waits();
        await this.#forNext.open(options);
      }
      const index = this.#ended[seen] as number;
      yield { index, result: this.#options.members[index] as EndedMember<T[number]>['result'] };
    }
    return undefined;
  }

  tree(): WorkflowTree {
    return this.#options.workflow.tree();
  }

  forget(): void {
    forgetAll(this);
  }

  drop(): readonly Forgettable[] {
    if (this.#dropped) return [];
    this.#dropped = true;
    const { members, parent } = this.#options;
    return parent === undefined ? members : [parent, ...members];
  }

  watch(watcher: MemberWatcher, index: number): void {
    const { parent } = this.#options;
    if (this.total > 0) this.#watchers.push({ watcher, index });
    // Without members it ends with what comes before it, or nobody would tell of it later.
    else if (parent !== undefined) parent.watch(watcher, index);
    else queueMicrotask(() => watcher.memberEnded(index));
  }

  memberFailed(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#forAll?.end({ error });
    for (const { watcher } of this.#watchers) watcher.memberFailed(error);
  }

  memberEnded(index: number): void {
    this.#ended.push(index);
    this.#forNext?.end(ENDED);
    if (!this.#allEnded) return;
    this.#forAll?.end(ENDED);
    this.#forEnds?.end(ENDED);
    for (const { watcher, index } of this.#watchers) watcher.memberEnded(index);
  }

  get awaits(): ResultPart | undefined {
    return this.#options.members.find(({ outcome }) => outcome === undefined);
  }

  standing(): string {
    return `the group ${this.id}: all its members have ended.`;
  }

  get #allEnded(): boolean {
    return this.#ended.length === this.total;
  }

  #values(): T {
    return this.#options.members.map(({ outcome }) => (outcome as { readonly value: unknown }).value) as unknown as T;
  }

  #check(method: string, options: GetOptions): void {
    checkWait(method, options, this.#options.services);
    this.#options.canvas.observe();
  }

  #waits(): OpenWaits<void> {
    const ends: WaitEnds = {
      timedOut: (timeoutMs, reject) => void this.#timedOut(timeoutMs).then(reject),
      aborted: (signal) => {
        const text = `The wait for the group ${this.id} was aborted by its signal; its tasks go on.`;
        return new TqError('result-aborted', text, { fields: { groupId: this.id }, cause: signal?.reason });
      },
    };
    return new OpenWaits<void>(this.#options.services, ends);
  }

  async #timedOut(timeoutMs: number): Promise<Error> {
    const { id, total } = this;
    const count = `${this.#ended.length} of ${total} members have ended`;
    const text = `No result of the group ${id} within ${formatDuration(timeoutMs)}: ${count}; ${await nextToEnd(this).standing()}`;
    return new ResultTimeoutError(text, { groupId: id, timeoutMs });
  }
}

const ENDED: Outcome<void> = { value: undefined };

function settled(outcome: Outcome<unknown>): PromiseSettledResult<unknown> {
  return 'error' in outcome
    ? { status: 'rejected', reason: outcome.error }
    : { status: 'fulfilled', value: outcome.value };
}
