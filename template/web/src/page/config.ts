/** What went wrong with config.json, in words for the person who runs this page. */
export class ConfigProblem extends Error {}

const mend = "Deploy the web service again: the deployment writes this file.";

/** Reads the address of the API gateway, without a slash at its end, from /config.json. */
export async function loadConfig(): Promise<{ apiBaseUrl: string }> {
  let response: Response;
  try {
    response = await fetch("/config.json", { cache: "no-cache" });
  } catch {
    throw new ConfigProblem(
      "config.json could not be loaded. Check your connection, then load the page again.",
    );
  }
  if (response.status === 404) throw new ConfigProblem(`config.json is missing. ${mend}`);
  if (!response.ok) {
    throw new ConfigProblem(`config.json could not be loaded (status ${response.status}).`);
  }
  let config: unknown;
  try {
    config = await response.json();
  } catch {
    throw new ConfigProblem(`config.json is not valid JSON. ${mend}`);
  }
  return { apiBaseUrl: apiBaseUrl(config) };
}

function apiBaseUrl(config: unknown): string {
  const value =
    typeof config === "object" && config !== null && "apiBaseUrl" in config
      ? config.apiBaseUrl
      : undefined;
  if (typeof value !== "string" || !URL.canParse(value)) {
    throw new ConfigProblem(`config.json has no "apiBaseUrl" with the gateway's address. ${mend}`);
  }
  if (!/^https?:$/.test(new URL(value).protocol)) {
    throw new ConfigProblem(
      `"apiBaseUrl" in config.json must start with https:// or http://. ${mend}`,
    );
  }
  return value.replace(/\/+$/, "");
}
