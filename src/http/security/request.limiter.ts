import type { IncomingMessage } from 'node:http';

import { Injectable } from '@nestjs/common';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

import { SecuritySettings } from '../../config/index.js';
import { RateLimitedError } from '../api.errors.js';

const WINDOW_SECONDS = 60;
/** Clients that are counted at once; the one that was silent longest is forgotten first. */
const MOST_CLIENTS = 10_000;

/** Counts the requests of each client within a minute. Each process counts for itself, and remembers 10,000 clients. */
@Injectable()
export class RequestLimiter {
  private readonly limiter: RateLimiterMemory | null;
  /** Who is counted, the longest silent first. */
  private readonly clients = new Set<string>();

  constructor({ rateLimit }: SecuritySettings) {
    this.limiter =
      rateLimit === 0 ? null : new RateLimiterMemory({ points: rateLimit, duration: WINDOW_SECONDS });
  }

  /** How many clients are counted now. */
  get remembered(): number {
    return this.clients.size;
  }

  /**
   * Counts a request. Answers how many more the client may send within its minute; null: there is no limit.
   *
   * @throws RateLimitedError
   */
  async count(client: string): Promise<number | null> {
    if (this.limiter === null) return null;
    await this.remember(client, this.limiter);
    try {
      return (await this.limiter.consume(client)).remainingPoints;
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      throw new RateLimitedError(Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)));
    }
  }

  private async remember(client: string, limiter: RateLimiterMemory): Promise<void> {
    this.clients.delete(client);
    this.clients.add(client);
    const [oldest] = this.clients;
    if (this.clients.size <= MOST_CLIENTS || oldest === undefined) return;
    this.clients.delete(oldest);
    await limiter.delete(oldest);
  }
}

/** The client that a request comes from, if it does not say truly who it is. */
export function addressOf(request: IncomingMessage): string {
  return `address ${request.socket.remoteAddress}`;
}
