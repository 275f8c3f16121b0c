// A customer's identity provider as end-to-end tests need one: real OpenID Connect by
// oidc-provider, everything kept in memory, clients and people told to it over `/control`.
// Started by `Provider` of the e2e crate; prints `issuer URL` when it answers.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import http from 'node:http';
import Provider from 'oidc-provider';

const people = new Map();
const kept = new Map();

/** Keeps what the provider wants kept, in memory. */
class Memory {
  constructor(model) {
    this.model = model;
  }

  key(id) {
    return `${this.model}:${id}`;
  }

  async upsert(id, payload) {
    kept.set(this.key(id), payload);
  }

  async find(id) {
    return kept.get(this.key(id));
  }

  async findByUid(uid) {
    return this.all().find((payload) => payload.uid === uid);
  }

  async consume(id) {
    const payload = kept.get(this.key(id));
    if (payload) payload.consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    kept.delete(this.key(id));
  }

  async revokeByGrantId(grantId) {
    for (const [key, payload] of kept) if (payload.grantId === grantId) kept.delete(key);
  }

  all() {
    const prefix = `${this.model}:`;
    return [...kept].filter(([key]) => key.startsWith(prefix)).map(([, payload]) => payload);
  }
}

/**
 * What the provider sends reaches this machine: hosts below `.localhost`, which not every resolver
 * knows, are asked for at 127.0.0.1, and nothing else is asked for at all.
 */
function toThisMachine(url, { method = 'GET', headers = {}, body } = {}) {
  const target = new URL(url);
  const local = target.hostname === '127.0.0.1' || target.hostname.endsWith('localhost');
  if (!local) return Promise.reject(new Error(`${target.host} is not on this machine`));
  const text = body === undefined ? '' : String(body);
  const sent = { host: target.host, 'content-length': Buffer.byteLength(text) };
  new Headers(headers).forEach((value, name) => (sent[name] = value));
  const options = {
    host: '127.0.0.1',
    port: target.port,
    path: `${target.pathname}${target.search}`,
    method,
    headers: sent,
    timeout: 5000,
  };
  return new Promise((resolve, reject) => {
    const request = http.request(options, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => {
        const bytes = chunks.length > 0 ? Buffer.concat(chunks) : null;
        resolve(new Response(bytes, { status: answer.statusCode }));
      });
    });
    request.on('error', reject);
    request.on('timeout', () => request.destroy(new Error('no answer within 5 s')));
    request.end(text);
  });
}

function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'test-1' };
}

/** Everybody agrees to what is asked for; nobody is shown a page for it. */
async function agree(ctx) {
  const { client, session, params, provider } = ctx.oidc;
  const known = session.grantIdFor(client.clientId);
  if (known) return provider.Grant.find(known);
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(params.scope);
  await grant.save();
  return grant;
}

function account(_ctx, id) {
  const person = people.get(id);
  if (!person) return undefined;
  const { password, amr, ...claims } = person;
  return { accountId: id, claims: () => claims };
}

const page = (title, body) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>` +
  `<main><h1>${title}</h1>${body}</main></html>`;

const settings = {
  adapter: Memory,
  fetch: toThisMachine,
  jwks: { keys: [signingKey()] },
  cookies: { keys: [randomBytes(16).toString('hex')] },
  claims: {
    openid: ['sub', 'amr', 'auth_time'],
    email: ['email', 'email_verified'],
    profile: ['name'],
    groups: ['groups'],
  },
  scopes: ['openid', 'offline_access'],
  conformIdTokenClaims: false,
  ttl: { AccessToken: 3600, Grant: 86400, IdToken: 3600, Interaction: 3600, Session: 86400 },
  pkce: { required: () => true },
  findAccount: account,
  loadExistingGrant: agree,
  interactions: { url: (_ctx, interaction) => `/people/${interaction.uid}` },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => {
        const button = '<button form="op.logoutForm" name="logout" value="yes">Sign out</button>';
        ctx.body = page('Leave the provider', `${form}${button}`);
      },
      postLogoutSuccessSource: (ctx) => {
        ctx.body = page('You have left the provider', '');
      },
    },
  },
};

async function readBody(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** The page where people say who they are. */
async function signIn(provider, ctx) {
  const details = await provider.interactionDetails(ctx.req, ctx.res);
  let refused = '';
  if (ctx.method === 'POST') {
    const typed = new URLSearchParams(await readBody(ctx.req));
    if (typed.has('cancel')) {
      const result = { error: 'access_denied', error_description: 'The person went away.' };
      return provider.interactionFinished(ctx.req, ctx.res, result);
    }
    const found = [...people].find(([, person]) => person.email === typed.get('login'));
    if (found && found[1].password === typed.get('password')) {
      const login = { accountId: found[0], amr: found[1].amr ?? ['pwd'] };
      return provider.interactionFinished(ctx.req, ctx.res, { login });
    }
    refused = '<p id="refused">That is nobody here.</p>';
  }
  const hint = String(details.params.login_hint ?? '').replace(/[^\w.@+-]/g, '');
  ctx.type = 'html';
  ctx.body = page(
    'The customer’s own sign-in',
    `${refused}<form method="post"><label>Name <input name="login" autocomplete="username" value="${hint}"></label>` +
      '<label>Password <input name="password" type="password" autocomplete="current-password"></label>' +
      '<button id="enter">Enter</button> <button id="cancel" name="cancel" value="1">Cancel</button></form>',
  );
}

/** Ends a person's sessions here, and tells every client that wants to know. */
async function logOut(provider, sub) {
  const told = [];
  for (const session of new Memory('Session').all()) {
    if (session.accountId !== sub) continue;
    for (const [clientId, { sid }] of Object.entries(session.authorizations ?? {})) {
      const client = await provider.Client.find(clientId);
      if (!client?.backchannelLogoutUri) continue;
      const outcome = await client.backchannelLogout(sub, sid).then(
        () => 'told',
        (error) => error.message,
      );
      told.push({ client: clientId, sid, outcome });
    }
    kept.delete(`Session:${session.jti}`);
  }
  return { told };
}

/** What a test tells the provider, as JSON. */
async function control(provider, ctx) {
  const told = JSON.parse((await readBody(ctx.req)) || '{}');
  const acts = {
    '/control/clients': () => new Memory('Client').upsert(told.client_id, told),
    '/control/people': () => void people.set(told.sub, told),
    '/control/log-out': () => logOut(provider, told.sub),
  };
  const act = acts[ctx.path];
  if (!act || ctx.method !== 'POST') return;
  ctx.body = (await act()) ?? {};
}

const server = http.createServer();
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, settings);
  provider.on('server_error', (_ctx, error) => console.error(error));
  provider.use(async (ctx, next) => {
    if (ctx.path.startsWith('/control/')) return control(provider, ctx);
    if (ctx.path.startsWith('/people/')) return signIn(provider, ctx);
    return next();
  });
  server.on('request', provider.callback());
  console.log(`issuer ${issuer}`);
});
