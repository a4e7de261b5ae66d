import { errorMessage } from '../errors';
import { Connection } from './connection';
import { handshake, HandshakeError, type HandshakeRequest } from './handshake';
import type { Examined, HistoryGuard } from './history';
import { ZERO_ZXID } from './zxid';

const PROBE_EVERY_MS = 1000;
const CLOSE_DEADLINE_MS = 2000;

/** Keeps a session from an ensemble of another history; without a guard every ensemble is as good. */
export class Vetting {
  readonly #guard: HistoryGuard | undefined;
  readonly #chroot: string;
  readonly #onAccepted: () => void;
  #probedAt = Number.NEGATIVE_INFINITY;
  #foreign: HandshakeError | undefined;

  /** @param onAccepted called when another history is the right one from now on: it has to be connected to anew */
  constructor(guard: HistoryGuard | undefined, chroot: string, onAccepted: () => void) {
    this.#guard = guard;
    this.#chroot = chroot;
    this.#onAccepted = onAccepted;
  }

  /**
   * Whether a session that was just opened or resumed may be used; if not, it has been ended. Rejects with a
   * HandshakeError, `OTHER_HISTORY` or why nothing could be found out.
   */
  async admits(connection: Connection, signal: AbortSignal): Promise<boolean> {
    const examined = await this.#examine(connection, signal);
    if (examined === 'known') return !connection.ended;
    await connection.closeSession(CLOSE_DEADLINE_MS);
    const foreign = this.#heed(examined);
    if (foreign !== undefined) throw foreign;
    return false;
  }

  /**
   * A server that turns us away serves nobody, or only those who have seen less: now and then a session is asked
   * for that has seen nothing.
   */
  async whyTurnedAway(
    failure: HandshakeError,
    request: Omit<HandshakeRequest, 'lastZxid' | 'resume'>,
  ): Promise<HandshakeError> {
    if (this.#guard === undefined) return failure;
    if (performance.now() - this.#probedAt < PROBE_EVERY_MS) return this.#foreign ?? failure;
    this.#probedAt = performance.now();
    let connection: Connection | undefined;
    try {
      const established = await handshake({ ...request, lastZxid: ZERO_ZXID, resume: undefined });
      connection = new Connection(established, ZERO_ZXID, this.#chroot, {
        onNotification: () => undefined,
        onEnd: () => undefined,
      });
      return this.#heed(await this.#examine(connection, request.signal)) ?? failure;
    } catch {
      // Turned away too, or broken off: nothing is known but that.
      return failure;
    } finally {
      await connection?.closeSession(CLOSE_DEADLINE_MS);
    }
  }

  async #examine(connection: Connection, signal: AbortSignal): Promise<Examined> {
    if (this.#guard === undefined) return 'known';
    const giveUp = () => {
      connection.destroy('given up');
    };
    signal.addEventListener('abort', giveUp);
    try {
      return await this.#guard.examine(connection);
    } catch (error) {
      connection.destroy('the ensemble could not be examined');
      throw new HandshakeError('UNREACHABLE', errorMessage(error));
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  #heed(examined: Examined): HandshakeError | undefined {
    this.#foreign =
      typeof examined === 'object' ? new HandshakeError('OTHER_HISTORY', examined.foreign) : undefined;
    if (examined === 'accepted') this.#onAccepted();
    return this.#foreign;
  }
}
