import type { Channel } from 'amqplib';
import type { Link } from './connection.js';

/** Each answers one declaration after the other; more gain nothing. */
const CHANNELS = 4;

/**
 * Channels that are kept for declarations, opened when they are first needed: opening and closing one for each is two
 * more round trips, and an eighth of what declaring and deleting a queue costs the broker. One that a refusal closes is opened anew; who shared it has to try again.
 */
export class DeclaringChannels {
  readonly #channels = new Map<number, Promise<Channel>>();
  #epoch = 0;
  #turn = 0;

  /**
   * The one whose turn it is.
   * @throws {Error} by rejection, when the connection is lost
   */
  next(link: Link): Promise<Channel> {
    if (link.epoch !== this.#epoch) {
      this.#epoch = link.epoch;
      this.#channels.clear();
    }
    this.#turn = (this.#turn + 1) % CHANNELS;
    return this.#channels.get(this.#turn) ?? this.#open(this.#turn, link);
  }

  #open(place: number, link: Link): Promise<Channel> {
    const opening = this.#watched(link, () => {
      if (this.#channels.get(place) === opening) this.#channels.delete(place);
    });
    this.#channels.set(place, opening);
    return opening;
  }

  async #watched({ model }: Link, onLost: () => void): Promise<Channel> {
    try {
      const channel = await model.createChannel();
      // Without a listener an 'error' event ends the process; what it says reaches whoever declared.
      channel.on('error', () => undefined);
      channel.on('close', onLost);
      return channel;
    } catch (error) {
      onLost();
      throw error;
    }
  }
}
