import { ConnectionError, RatchetdError } from "./errors.js";

/** How long to wait before something is tried again, in milliseconds: first, and at most. */
const FIRST_DELAY = 100;
const LONGEST_DELAY = 10_000;

/** Waits before the next attempt; the first is number 0. */
export type Delay = (attempt: number, signal: AbortSignal) => Promise<void>;

/** How a call is repeated. */
export interface RetryOptions {
  /** Ends the attempts: the error of the last one is thrown then. */
  signal?: AbortSignal;
  /** Told why an attempt had no answer. */
  onInterruption?: (error: unknown) => void;
  /** Waits before the next attempt; by default longer each time, up to ten seconds. */
  delay?: Delay;
}

/** Waits longer after each failure, and not exactly as long as everybody else. */
export const backOff: Delay = (attempt, signal) => {
  const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** attempt);
  const wait = longest * (0.5 + Math.random() / 2);
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, wait);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
};

/**
 * Repeats a call until there is an answer to it: a result, or an error that is one. The call has to be one that may be
 * done twice.
 */
export async function untilAnswered<Result>(call: () => Promise<Result>, options: RetryOptions): Promise<Result> {
  const signal = options.signal ?? new AbortController().signal;
  for (let attempt = 0; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (signal.aborted || !isNoAnswer(error)) throw error;
      options.onInterruption?.(error);
      await (options.delay ?? backOff)(attempt, signal);
      if (signal.aborted) throw error;
    }
  }
}

/** Whether an error says nothing but that the daemon is not there, or has no time. */
function isNoAnswer(error: unknown): boolean {
  if (error instanceof RatchetdError) return error.kind === "busy" || error.kind === "shutting_down";
  return error instanceof ConnectionError && error.isTransient;
}
