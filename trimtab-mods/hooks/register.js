// Trimtab's second layer: a thin module that asks the daemon of the plugin `trimtab` and passes its answers on. It
// decides nothing. Whatever goes wrong (no daemon, a slow one, an answer of another shape) the client goes on as
// without it. What each event may be answered is in lib/trimtab/handlers/mods.py and deliveries.py.

const FOLDER = '/.claude-patterns/daemon'
const LIMIT_MS = 1500 // the plugin's hooks wait as long for a view
const START_MS = 5000 // chosen: a daemon that has just been started on a busy machine took 2 seconds to be ready
const PARTS = ['tools', 'descriptions', 'listings', 'memory', 'results']
const LISTINGS = ['skill_listing', 'agent_listing_delta', 'deferred_tools_delta']
const AUTHORS = ['task-notification', 'peer'] // whose turns have an agent's report
const NOTICE = '<task-notification>'
const MESSAGES = /\/v1\/messages(?:\?|$)/ // where a request to the model goes; counting tokens is none
const CELL = '<cell id="view">'

let wanted = [] // the parts that the user's options leave on
let session // a promise of { parts, wait }, anew for each session
let began = {} // the client's own SessionStart: the source, and where the transcript is
let prompt = '' // the newest one: listings are cut to it
let turns = new Set() // of the main conversation, those under way
let pasts = new Map() // by agent, how the last request went out: 'plain', 'folded' or 'whole' though it may have folds
let failures = new Map() // by call, the input of a command that failed

// Where the daemon listens: its unix socket, or a loopback port with a secret, as lib/trimtab/daemon/client.py finds it.
async function address($) {
  const folder = `${(await $.env.get('HOME')) ?? ''}${FOLDER}`
  if (await $.fs.exists(`${folder}/socket`)) return { url: 'http://trimtab/', init: { socketPath: `${folder}/socket` } }
  const [port, secret] = (await $.fs.read(`${folder}/port`)).trim().split(' ')
  return { url: `http://127.0.0.1:${port}/`, init: { headers: { 'x-trimtab-secret': secret } } }
}

// One question to the daemon; {} where there is no opinion, no daemon or no time.
async function ask($, event, fields, limit = LIMIT_MS) {
  try {
    const { url, init } = await address($)
    const env = await $.process.hookEnv()
    const body = JSON.stringify({
      hook_event_name: event,
      session_id: await $.session.id(),
      transcript_path: began.transcript_path,
      cwd: env.CLAUDE_PROJECT_DIR,
      ...fields,
    })
    const headers = { ...init.headers, 'x-trimtab-deadline': String(limit / 1000) }
    const asked = $.http.fetch(url, { ...init, method: 'POST', headers, body })
    const answer = await Promise.race([asked, $.clock.sleep(limit)])
    return Object(answer?.ok && answer.text ? JSON.parse(answer.text) : {})
  } catch {
    return {}
  }
}

// What is in force in this session: asked once, when it is first needed, and kept: what was sent must not change.
async function start($) {
  const listed = await $.tool.list().catch(() => [])
  const fields = { source: began.source, parts: wanted, tools: listed.map(tool => tool.name) }
  const { parts, wait } = await ask($, 'ModStart', fields, START_MS)
  return { parts: new Set(parts ?? []), wait: new Set(wait ?? []) }
}

function state($) {
  session ??= start($)
  return session
}

export function register(on, options) {
  wanted = PARTS.filter(part => options[part] !== false)
  const messages = options.messages !== false

  if (options.fold_cold === true) {
    on('http.fetch', async ($, e, next) => {
      const body = next.origin.plugin === 'engine' && MESSAGES.test(e.url) ? e.init?.body : undefined
      const text = typeof body === 'string' && body.includes('tool_result') ? await folded($, e.init.headers ?? {}, body) : undefined
      return next(typeof text === 'string' ? { ...e, init: { ...e.init, body: text } } : e)
    })
  }

  on('classic.SessionStart', async ($, e, next) => {
    if (e.session_id !== began.session_id) [session, pasts] = [undefined, new Map()]
    began = e
    return next(e)
  })

  on('prompt.submit', async ($, e, next) => {
    prompt = e.text
    return next(e)
  })

  on('tool.describe', async ($, e, next) => {
    const result = await next(e)
    const { parts, wait } = await state($)
    if (wait.has(e.tool)) return { ...result, isDeferred: true }
    if (!parts.has('descriptions') || result.isDeferred) return result
    const { description } = await ask($, 'ModTool', { tool: e.tool, description: result.description })
    return typeof description === 'string' ? { ...result, description } : result
  })

  on('session.append', { door: 'attachment' }, async ($, e, next) => {
    const isNames = e.message.name === 'deferred_tools_delta'
    const [block] = e.message.content
    if (!LISTINGS.includes(e.message.name) || block?.type !== 'text') return next(e)
    const { parts, wait } = await state($)
    if (isNames ? e.agentId !== undefined || wait.size === 0 : !parts.has('listings')) return next(e)
    const { text } = await ask($, 'ModListing', { type: e.message.name, listing: block.text, prompt })
    if (typeof text !== 'string') return next(e)
    return next({ ...e, message: { ...e.message, content: [{ ...block, text }] } })
  })

  on('prompt.section', { name: 'memory' }, async ($, e, next) => {
    const result = await next(e)
    if (!result.text || !(await state($)).parts.has('memory')) return result
    const { text } = await ask($, 'ModSection', { section: e.name, text: result.text })
    return typeof text === 'string' ? { ...result, text } : result
  })

  on('classic.PostToolUseFailure', async ($, e, next) => {
    if ((await state($)).parts.has('results')) failures.set(e.tool_use_id, e.tool_input)
    return next(e)
  })

  on('session.append', { door: ['tool-result', 'prompt', 'delivery'] }, async ($, e, next) => {
    const isResult = e.door === 'tool-result'
    const isTold = messages && AUTHORS.includes(e.origin.kind)
    if (!(isResult ? (await state($)).parts.has('results') : isTold)) return next(e)
    const content = []
    for (const block of e.message.content) content.push(isResult ? await seen($, e, block) : await told($, e, block))
    return next({ ...e, message: { ...e.message, content } })
  })

  on('turn.start', async ($, e, next) => {
    if (e.agentId === undefined) turns.add(e.turnId)
    return next(e)
  })

  on('turn.complete', async ($, e, next) => {
    turns.delete(e.turnId)
    return next(e)
  })

  on('classic.UserPromptSubmit', async ($, e, next) => {
    const result = await next(e)
    const isStopped = result.block !== undefined || result.preventContinuation
    if (!messages || isStopped || !e.prompt.startsWith(NOTICE)) return result
    const agents = (await $.agent.list()).map(({ id, kind, status, parentId }) => ({ id, kind, status, parentId }))
    const { hold } = await ask($, 'ModNotice', { text: e.prompt, agents, is_idle: turns.size === 0 })
    return typeof hold === 'string' ? { ...result, preventContinuation: true, stopReason: hold } : result
  })
}

// A request's body with old results folded, once the daemon has taken down that it is sent so; undefined as it is.
async function folded($, headers, body) {
  const name = Object.keys(headers).find(key => key.toLowerCase() === 'x-claude-code-agent-id')
  const [whose, past] = [{ agent_id: headers[name] }, pasts.get(headers[name])]
  const cold = { ...whose, is_whole: past === 'whole' }
  const { fold } = await ask($, 'ModCold', cold, past === 'plain' ? LIMIT_MS : START_MS)
  if (!fold) pasts.set(headers[name], fold === false || past === 'plain' ? 'plain' : 'whole')
  if (!fold) return undefined
  const { text, is_other } = await ask($, 'ModRequest', { ...whose, body }, START_MS)
  if (is_other) return undefined
  const isKept = text !== undefined && (await ask($, 'ModFolded', whose, START_MS)).is_kept
  pasts.set(headers[name], isKept ? 'folded' : 'whole')
  return isKept ? text : undefined
}

// A block of a turn that an agent caused, with a view in its report's place.
async function told($, e, block) {
  if (block.type !== 'text') return block
  const { text } = await ask($, 'ModMessage', { agent_id: e.agentId, text: block.text })
  return typeof text === 'string' ? { ...block, text } : block
}

// The text of a result that has nothing else; undefined of any other.
function textOf({ type, content }) {
  if (type !== 'tool_result') return undefined
  if (Array.isArray(content) && content.length === 1 && content[0].type === 'text') return content[0].text
  return typeof content === 'string' ? content : undefined
}

// A block of a result as the daemon wants it to be kept.
async function seen($, e, block) {
  const result = textOf(block)
  if (result === undefined) return block
  if (!block.is_error && !result.startsWith(CELL)) return block
  const input = failures.get(block.tool_use_id) ?? {}
  failures.delete(block.tool_use_id)
  const { text } = await ask($, 'ModResult', {
    agent_id: e.agentId,
    tool_name: e.origin.tool,
    tool_input: input,
    tool_use_id: block.tool_use_id,
    is_error: block.is_error === true,
    result,
  })
  return typeof text === 'string' ? { ...block, content: text } : block
}
