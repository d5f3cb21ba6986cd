import { afterFailedJoin, afterFailure, afterJoin, afterSuccess } from '../../../src/protocol/canvas/after.js';
import { embedText, NO_EMBED, readEmbed, withEmbed } from '../../../src/protocol/canvas/embed.js';
import { bodyTextOf, type ExpandedCall, type Expansion, expand } from '../../../src/protocol/canvas/expand.js';
import { itemsOf } from '../../../src/protocol/canvas/json-text.js';
import { type Member, memberOf } from '../../../src/protocol/canvas/member.js';
import type { Lazy } from '../../../src/protocol/canvas/wire-step.js';
import type { Preset } from '../../../src/protocol/preset.js';

/** What became of a canvas: every run with the text of its arguments, in the order of the ids, and chords that never joined. */
export interface Ran {
  readonly runs: readonly string[];
  readonly open: readonly string[];
}

/** What a run of these arguments results in. */
export type Handler = (id: string, args: string) => string | undefined;

interface Chord {
  readonly size: number;
  /** Result by index; undefined where the member failed. */
  readonly replies: Map<number, string | undefined>;
}

/** Runs a canvas as workers do, each call through its body's text, and joins its chords. */
export function simulate(root: Lazy, handler: Handler, preset: Preset): Ran {
  const runs: string[] = [];
  const chords = new Map<string, Chord>();
  const waiting: ExpandedCall[] = [];
  const send = ({ calls, chords: declared }: Expansion) => {
    for (const { id, size } of declared) chords.set(id, { size, replies: new Map() });
    waiting.push(...calls);
  };
  const report = (member: Member, result: string | undefined) => {
    const chord = chords.get(member.groupId);
    if (chord === undefined || chord.replies.has(member.index))
      throw new Error(`expected one reply of each member, found another of ${member.groupId}/${member.index}`);
    chord.replies.set(member.index, result);
    if (chord.replies.size === chord.size) join(member, chord);
  };
  const join = (member: Member, { replies }: Chord) => {
    chords.delete(member.groupId);
    const results = [...replies].filter((reply): reply is [number, string] => reply[1] !== undefined);
    if (results.length === replies.size) return send(afterJoin(member, new Map(results)));
    const { errbacks, members } = afterFailedJoin(member, { id: 'failed', failureText: '"failed"' });
    send(errbacks);
    for (const fallen of members) report(fallen, undefined);
  };
  const run = (call: ExpandedCall) => {
    const { id, task } = call.step;
    const said = embedText(call.embed, preset);
    const body = said === undefined ? bodyTextOf(call, preset) : withEmbed(bodyTextOf(call, preset), said);
    const embed = readEmbed(body) ?? NO_EMBED;
    const args = itemsOf(body, 'body')[0] ?? '';
    // What a canvas takes in for what has nothing in it is nobody's task.
    const collected = task === 'celery.accumulate' ? itemsOf(args, 'args')[0] : undefined;
    if (collected === undefined) runs.push(`${id} ${args}`);
    const resultText = collected ?? handler(id, args);
    const member = memberOf(embed, call.step);
    if (resultText === undefined) {
      const { errbacks, members } = afterFailure(embed, { id: 'failed', failureText: '"failed"' });
      send(errbacks);
      for (const fallen of members) report(fallen, undefined);
    } else send(afterSuccess(embed, { id, resultText }));
    if (member !== undefined) report(member, resultText);
  };
  send(expand(root, {}));
  for (let call = waiting.shift(); call !== undefined; call = waiting.shift()) run(call);
  return { runs: runs.toSorted(), open: [...chords.keys()] };
}
