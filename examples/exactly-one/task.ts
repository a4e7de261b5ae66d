import { setTimeout as sleep } from 'node:timers/promises';

const ROUND = 10_000;

/** Counts the primes below `limit`, and stops when `signal` aborts: the lock is in doubt, or the program is to end. */
export async function countPrimes(limit: number, signal: AbortSignal): Promise<number> {
  let primes = 0;
  for (let number = 2; number < limit; number += 1) {
    if (isPrime(number)) primes += 1;
    // The event loop gets its turn: it keeps the session alive, and hears of the signal.
    if (number % ROUND === 0) await sleep(20, undefined, { signal });
  }
  return primes;
}

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor += 1) if (number % divisor === 0) return false;
  return true;
}
