import { unreachable } from "../api/failure";
import type { Session } from "./session";

/** A session of the local run, whose stand-in signs in one person; no built page contains this. */
export function openSession(): Promise<Session> {
  return Promise.resolve({
    name: "Developer",
    signIn: () => Promise.resolve(),
    signOut: () => Promise.resolve(),
    async token() {
      const response = await fetch("/development-token");
      if (!response.ok) throw unreachable();
      return response.text();
    },
  });
}
