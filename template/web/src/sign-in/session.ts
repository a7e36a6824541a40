import { Failure } from "../api/failure";

/** What config.json says about sign-in. */
export interface SignInSettings {
  tenantId: string;
  clientId: string;
  /** The permission that tokens are asked for. */
  scope: string;
}

/** The sign-in of the person in front of the page. */
export interface Session {
  /** Who is signed in; undefined when nobody is. */
  readonly name: string | undefined;
  /** Leaves the page, and comes back to it signed in. */
  signIn(): Promise<void>;
  signOut(): Promise<void>;
  /** An access token that is still valid. Throws a Failure when the person must sign in again. */
  token(): Promise<string>;
}

let current: Session | undefined;

/** Lets every request to the API use this session. */
export function useSession(session: Session): void {
  current = session;
}

/** The Authorization header of a request to the API. */
export async function authorization(): Promise<string> {
  if (!current) throw new Failure("Sign in first.", { canRetry: false });
  return `Bearer ${await current.token()}`;
}

export const ended = () =>
  new Failure("Your sign-in has ended. Load the page again and sign in.", { canRetry: false });
