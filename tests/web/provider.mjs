// A real OpenID provider, small: who signs in and how it lies is told at /control, by the test that started it.
import { createServer } from "node:http";
import { Provider } from "oidc-provider";
import * as jose from "jose";

const [port, home] = process.argv.slice(2);
const issuer = `http://localhost:${port}/op`;
const { privateKey } = await jose.generateKeyPair("RS256", { extractable: true });
const { privateKey: otherKey } = await jose.generateKeyPair("RS256", { extractable: true });
const kid = "first";
let told = { person: {}, lie: {} };

const provider = new Provider(issuer, {
  jwks: { keys: [{ ...(await jose.exportJWK(privateKey)), kid, alg: "RS256", use: "sig" }] },
  clients: [{
    client_id: "medestanders",
    client_secret: "a secret of the test",
    redirect_uris: [`${home}/sign-in/government/callback`],
    post_logout_redirect_uris: [`${home}/`],
    id_token_signed_response_alg: "RS256",
  }],
  // As ACM/IDM: all claims are in the ID token.
  conformIdTokenClaims: false,
  claims: { openid: ["sub"], profile: ["given_name", "family_name"], vo: ["vo_id", "vo_doelgroepcode", "vo_orgcode", "vo_orgnaam"],
    medestanders: ["medestanders_rol_3d"], rrn: ["rrn"] },
  scopes: ["openid", "profile", "vo", "medestanders", "rrn"],
  findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ ...told.person, sub }) }),
  interactions: { url: (ctx, interaction) => `/op/interaction/${interaction.uid}` },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
  cookies: { keys: ["test"] },
  ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600, AuthorizationCode: 60 },
});

// Nobody has to type: whoever the test named, signs in and consents.
provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith("/interaction/")) return next();
  const { prompt, params, session } = await provider.interactionDetails(ctx.req, ctx.res);
  if (told.lie.refuses) {
    return provider.interactionFinished(ctx.req, ctx.res, { error: "access_denied", error_description: "no" });
  }
  if (prompt.name === "login") {
    return provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: told.person.sub } });
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  return provider.interactionFinished(ctx.req, ctx.res, { consent: { grantId: await grant.save() } });
});

provider.use(async (ctx, next) => {
  await next();
  if (ctx.oidc?.route === "token" && ctx.body?.id_token) ctx.body.id_token = await lied(ctx.body.id_token);
  if (ctx.oidc?.route === "token" && told.lie.without) delete ctx.body.id_token;
});

async function lied(token) {
  const { lie } = told;
  const claims = { ...jose.decodeJwt(token), ...lie.claims };
  for (const name of lie.drops ?? []) delete claims[name];
  if (lie.alg === "none") return new jose.UnsecuredJWT(claims).encode();
  if (lie.alg === "HS256") {
    return new jose.SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode("a secret of the test".padEnd(32)));
  }
  if (!lie.claims && !lie.drops && !lie.key) return token;
  const key = lie.key ? otherKey : privateKey;
  return new jose.SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: lie.key === "unknown" ? "never" : kid }).sign(key);
}

const answer = provider.callback();
createServer((request, response) => {
  if (request.url === "/control") {
    let body = "";
    request.on("data", (part) => { body += part; });
    request.on("end", () => { told = JSON.parse(body); response.end("ok"); });
    return;
  }
  if (told.lie.down) { response.statusCode = 503; response.end("down"); return; }
  if (told.lie.garbage && !request.url.includes("/interaction/") && !request.url.includes("/auth")) {
    response.setHeader("content-type", "text/html");
    response.end("<h1>Onderhoud</h1>");
    return;
  }
  request.originalUrl = request.url;
  request.url = request.url.replace(/^\/op/, "") || "/";
  answer(request, response);
}).listen(Number(port), "127.0.0.1", () => console.log("ready"));
