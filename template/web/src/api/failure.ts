/** A request that failed, in words for the person who made it. */
export class Failure extends Error {
  /** Whether the same request may work when it is sent again. */
  readonly canRetry: boolean;
  /** Seconds to wait before sending it again. */
  readonly waitSeconds: number;
  /** What the service said about it, if that helps. */
  readonly detail: string;
  /** The correlation id, by which the logs can be searched. */
  readonly reference: string;

  constructor(
    message: string,
    {
      canRetry = true,
      waitSeconds = 0,
      detail = "",
      reference = "",
    }: Partial<Pick<Failure, "canRetry" | "waitSeconds" | "detail" | "reference">> = {},
  ) {
    super(message);
    this.canRetry = canRetry;
    this.waitSeconds = waitSeconds;
    this.detail = detail;
    this.reference = reference;
  }
}

export const unreachable = () =>
  new Failure("The service cannot be reached. Check your connection, then try again.");

export const cutOff = () =>
  new Failure("The connection broke before the answer was complete. Try again.");

export const notUnderstood = () =>
  new Failure("The service sent an answer that this page does not understand. Try again.");

/** Turns a problem response (RFC 9457), or whatever came in its place, into a failure. */
export function fromProblem(status: number, body: string, retryAfter: string | null): Failure {
  const problem = parse(body);
  const reference = text(problem.correlation_id);
  const waitSeconds = secondsUntil(retryAfter);
  const refused = (message: string) =>
    new Failure(message, { canRetry: false, detail: explain(problem), reference });
  const retry = (message: string) => new Failure(message, { waitSeconds, reference });

  switch (status) {
    case 400:
    case 422:
      return refused("The service refused this request.");
    case 401:
    case 403:
      return refused("You may not use this service.");
    case 413:
      return refused("This is larger than the service accepts.");
    case 415:
      return refused("The service does not accept this type of file.");
    case 429:
      return retry(
        waitSeconds > 0
          ? `Too many requests at the moment. You can try again in ${duration(waitSeconds)}.`
          : "Too many requests at the moment. Wait a little, then try again.",
      );
    case 502:
      return retry("The AI service did not answer properly. Try again.");
    case 503:
      return retry("The AI service is not available at the moment. Try again soon.");
    case 504:
      return retry("The AI service took too long to answer. Try again.");
    default:
      return status >= 500
        ? retry("The service had an internal error. Try again.")
        : refused(`The service answered with an unexpected status (${status}).`);
  }
}

function parse(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {}; // A proxy's page of HTML: the status has to do.
  }
}

/** The problem's detail and, for a validation problem, its first error. */
function explain(problem: Record<string, unknown>): string {
  const errors = Array.isArray(problem.errors) ? (problem.errors as unknown[]) : [];
  const first = (errors[0] ?? {}) as Record<string, unknown>;
  return text(first.detail) || text(problem.detail);
}

/** The seconds of a Retry-After header, which holds a number or a date. */
function secondsUntil(retryAfter: string | null): number {
  if (!retryAfter) return 0;
  const seconds = /^\d+$/.test(retryAfter)
    ? Number(retryAfter)
    : (Date.parse(retryAfter) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : 0;
}

/** "12 seconds", "1 minute". */
export function duration(seconds: number): string {
  const [count, unit] = seconds < 90 ? [seconds, "second"] : [Math.ceil(seconds / 60), "minute"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
