import type { ServerAddress } from './connect-string';
import { handshake, HandshakeError, type Handshake, type SessionGrant } from './handshake';
import { Servers } from './servers';
import type { SessionLifeOptions } from './session-life-options';
import type { Vetting } from './vetting';

const MIN_DEADLINE_MS = 250;

export interface DialRequest {
  /** The session to go on with; undefined: a new one. */
  readonly resume: SessionGrant | undefined;
  readonly lastZxid: string;
  /** Within which each server should have had its turn. */
  readonly withinMs: number;
  readonly signal: AbortSignal;
}

/** Goes from server to server for a session, one at each call. */
export class Dialling {
  readonly #options: SessionLifeOptions;
  readonly #servers: Servers;
  readonly #vetting: Vetting;
  #server: ServerAddress | undefined;

  constructor(options: SessionLifeOptions, vetting: Vetting) {
    this.#options = options;
    this.#servers = new Servers(options.ensemble.servers, options.lookup);
    this.#vetting = vetting;
  }

  /** The server of the last call; undefined when its name could not be looked up. */
  get server(): ServerAddress | undefined {
    return this.#server;
  }

  /** Rejects with a HandshakeError, in bounded time. */
  async dial({ resume, lastZxid, withinMs, signal }: DialRequest): Promise<Handshake> {
    const { sessionTimeoutMs, auth, tls } = this.#options;
    const deadlineMs = Math.max(MIN_DEADLINE_MS, withinMs / (this.#servers.count + 1));
    this.#server = undefined;
    const server = await this.#servers.next(deadlineMs, signal);
    this.#server = server;
    const request = { server, sessionTimeoutMs, auth, tls, deadlineMs, signal };
    try {
      return await handshake({ ...request, resume, lastZxid });
    } catch (error) {
      if (!(error instanceof HandshakeError) || error.reason !== 'TURNED_AWAY') throw error;
      throw await this.#vetting.whyTurnedAway(error, request);
    }
  }
}
