import { beforeEach } from "vitest";
import { useSession } from "./session";

// Every test starts signed in; those of the sign-in itself change that.
beforeEach(() => {
  useSession({
    name: "Ada",
    signIn: () => Promise.resolve(),
    signOut: () => Promise.resolve(),
    token: () => Promise.resolve("token"),
  });
});
