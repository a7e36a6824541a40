import { InteractionRequiredAuthError, PublicClientApplication } from "@azure/msal-browser";
import { beforeEach, expect, it, vi } from "vitest";
import { openSession } from "./entra";
import { authorization, useSession } from "./session";

// MSAL itself speaks only to Entra ID; here its answers are played, its requests are compared.
vi.mock("@azure/msal-browser", async (original) => ({
  ...(await original<typeof import("@azure/msal-browser")>()),
  PublicClientApplication: vi.fn(),
}));

const settings = { tenantId: "tenant", clientId: "api", scope: "api/Api.Access" };
const account = { name: "Ada", username: "ada@example.com" };
const client = {
  initialize: vi.fn(() => Promise.resolve()),
  handleRedirectPromise: vi.fn<() => Promise<unknown>>(() => Promise.resolve(null)),
  getAllAccounts: vi.fn<() => unknown[]>(() => [account]),
  loginRedirect: vi.fn(() => Promise.resolve()),
  logoutRedirect: vi.fn(() => Promise.resolve()),
  acquireTokenSilent: vi.fn(() => Promise.resolve({ accessToken: "fresh" })),
  clearCache: vi.fn(() => Promise.resolve()),
};

beforeEach(() => {
  vi.mocked(PublicClientApplication).mockImplementation(function () {
    return client as unknown as PublicClientApplication;
  });
  for (const method of Object.values(client)) method.mockClear();
});

it("signs in to the tenant, comes back to this page and keeps tokens in the tab", async () => {
  client.getAllAccounts.mockReturnValueOnce([]);
  const session = await openSession(settings);
  expect(session.name).toBeUndefined();
  expect(vi.mocked(PublicClientApplication).mock.calls.at(-1)?.[0]).toMatchObject({
    auth: {
      clientId: "api",
      authority: "https://login.microsoftonline.com/tenant",
      redirectUri: `${location.origin}/`,
    },
    cache: { cacheLocation: "sessionStorage" },
  });
  await session.signIn();
  expect(client.loginRedirect).toHaveBeenCalledWith({ scopes: ["api/Api.Access"] });
  await expect(session.token()).rejects.toThrow("sign-in has ended");
});

it("knows who comes back from sign-in", async () => {
  client.handleRedirectPromise.mockResolvedValueOnce({ account: { username: "ben@example.com" } });
  expect((await openSession(settings)).name).toBe("ben@example.com");
});

it("sends a fresh token with a request, without a hidden frame", async () => {
  useSession(await openSession(settings));
  expect(await authorization()).toBe("Bearer fresh");
  expect(client.acquireTokenSilent).toHaveBeenCalledWith({
    account,
    scopes: ["api/Api.Access"],
    cacheLookupPolicy: 2,
  });
});

it("says when the person must sign in again, and forgets the account", async () => {
  const session = await openSession(settings);
  client.acquireTokenSilent.mockRejectedValueOnce(new InteractionRequiredAuthError("expired", ""));
  await expect(session.token()).rejects.toThrow("Load the page again and sign in");
  expect(client.clearCache).toHaveBeenCalledWith({ account });
});

it("keeps the account when Entra ID cannot be reached", async () => {
  const session = await openSession(settings);
  client.acquireTokenSilent.mockRejectedValueOnce(new Error("network"));
  await expect(session.token()).rejects.toThrow("cannot be reached");
  expect(client.clearCache).not.toHaveBeenCalled();
});

it("signs out", async () => {
  await (await openSession(settings)).signOut();
  expect(client.logoutRedirect).toHaveBeenCalledWith({ account });
});
