import {
  CacheLookupPolicy,
  InteractionRequiredAuthError,
  PublicClientApplication,
} from "@azure/msal-browser";
import { unreachable } from "../api/failure";
import { ended, type Session, type SignInSettings } from "./session";

/** Opens the session of MSAL, which signs in with Microsoft Entra ID and keeps tokens in the tab. */
export async function openSession(settings: SignInSettings): Promise<Session> {
  const client = new PublicClientApplication({
    auth: {
      clientId: settings.clientId,
      authority: `https://login.microsoftonline.com/${settings.tenantId}`,
      redirectUri: `${location.origin}/`,
    },
    cache: { cacheLocation: "sessionStorage" },
  });
  await client.initialize();
  const result = await client.handleRedirectPromise();
  const account = result?.account ?? client.getAllAccounts()[0];
  const scopes = [settings.scope];

  return {
    name: account && (account.name ?? account.username),
    signIn: () => client.loginRedirect({ scopes }),
    signOut: () => client.logoutRedirect({ account: account ?? null }),
    async token() {
      if (!account) throw ended();
      try {
        const { accessToken } = await client.acquireTokenSilent({
          account,
          scopes,
          // Never a hidden frame: the page's policy allows none.
          cacheLookupPolicy: CacheLookupPolicy.AccessTokenAndRefreshToken,
        });
        return accessToken;
      } catch (error) {
        if (!(error instanceof InteractionRequiredAuthError)) throw unreachable();
        await client.clearCache({ account });
        throw ended();
      }
    },
  };
}
