/**
 * What is known, by the local clock, of the session with the ensemble.
 *
 * - `CONNECTING`: there has been no session yet, and none could be opened so far.
 * - `CONNECTED`: operations are carried out. `epoch` starts at 1 and grows by one with each new session (not with
 *   each reconnect); `sessionId` is what `ephemeralOwner` of this session's ephemeral znodes says.
 * - `SUSPENDED`: the connection broke; the session may live on, so whoever holds a lock stops acting on it.
 * - `LOST`: the session is over: the server said so, or nothing was heard from it for the whole session timeout.
 *   Its ephemeral znodes are gone or will go. A new session is being opened, with the next epoch.
 * - `AUTH_FAILED`, `CLOSED`: the end. No other state follows.
 *
 * `since` is `Date.now()` at the moment the state was entered.
 */
export type SessionState =
  | { readonly name: 'CONNECTING' }
  | { readonly name: 'CONNECTED'; readonly epoch: number; readonly sessionId: string }
  | { readonly name: 'SUSPENDED'; readonly since: number }
  | { readonly name: 'LOST'; readonly since: number }
  | { readonly name: 'AUTH_FAILED' }
  | { readonly name: 'CLOSED' };
