import { type Embed, embedText, readEmbedText } from './embed.js';
import type { JsonText } from './json-text.js';
import { type ChordOf, type Lazy, type Step, stepOf } from './wire-step.js';

/**
 * The embed with this address in every step that has none: a Python worker hands on what a step says, and nothing of what
 * the message before it said.
 * @param text as `embedText` wrote it under Celery's preset
 */
export function embedRepliedTo(text: JsonText, replyTo: string): JsonText {
  const { callbacks, errbacks, chain, chord } = readEmbedText(text);
  const embed: Embed = {
    callbacks: repliedTo(callbacks, replyTo),
    errbacks: repliedTo(errbacks, replyTo),
    chain: repliedTo(chain, replyTo),
    chord: chord && bodyRepliedTo(chord, replyTo),
  };
  return embedText(embed, 'celery') ?? text;
}

function repliedTo(steps: readonly Lazy[], replyTo: string): Step[] {
  return steps.map((step) => stepRepliedTo(stepOf(step), replyTo));
}

function bodyRepliedTo(chord: ChordOf, replyTo: string): ChordOf {
  return { ...chord, body: stepRepliedTo(stepOf(chord.body), replyTo) };
}

function stepRepliedTo(step: Step, replyTo: string): Step {
  switch (step.kind) {
    case 'task':
      return {
        ...step,
        options: { ...step.options, replyTo: step.options.replyTo ?? replyTo },
        link: repliedTo(step.link, replyTo),
        linkError: repliedTo(step.linkError, replyTo),
        chord: step.chord && bodyRepliedTo(step.chord, replyTo),
      };
    case 'chord':
      return { ...step, header: repliedTo(step.header, replyTo), body: stepRepliedTo(stepOf(step.body), replyTo) };
    default:
      return { ...step, tasks: repliedTo(step.tasks, replyTo) };
  }
}
