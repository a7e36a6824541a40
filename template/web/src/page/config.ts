/** What went wrong with config.json, in words for the person who runs this page. */
export class ConfigProblem extends Error {}

/** Reads the address of the API gateway, without a slash at its end, from /config.json. */
export async function loadConfig(): Promise<{ apiBaseUrl: string }> {
  let response: Response;
  try {
    response = await fetch("/config.json", { cache: "no-cache" });
  } catch {
    throw new ConfigProblem("config.json could not be loaded. Check the network connection.");
  }
  if (response.status === 404) throw new ConfigProblem("config.json is missing.");
  if (!response.ok) {
    throw new ConfigProblem(`config.json could not be loaded (status ${response.status}).`);
  }
  let config: unknown;
  try {
    config = await response.json();
  } catch {
    throw new ConfigProblem("config.json is not valid JSON.");
  }
  return { apiBaseUrl: apiBaseUrl(config) };
}

function apiBaseUrl(config: unknown): string {
  const value =
    typeof config === "object" && config !== null && "apiBaseUrl" in config
      ? config.apiBaseUrl
      : undefined;
  if (typeof value !== "string" || !URL.canParse(value)) {
    throw new ConfigProblem('config.json has no "apiBaseUrl" with the address of the API gateway.');
  }
  if (!/^https?:$/.test(new URL(value).protocol)) {
    throw new ConfigProblem('"apiBaseUrl" in config.json must start with https:// or http://.');
  }
  return value.replace(/\/+$/, "");
}
