#!/usr/bin/env node
'use strict'
// The real plugin, as a conversation of JSON lines: calls and answers come in on stdin, results, events and questions go out on stdout.
// node plugin.js '{"server": "btp+ws://:token@127.0.0.1:9000/"}'
// node plugin.js '{"listener": {"port": 9000}, "prefix": "a.", "info": {..}, "maxBalance": "10", "incomingSecret": "token", "stateful": true}'
// The options are the plugin's own, and two of ours: "stateful" gives it a store in memory, "claim" a payment channel whose claims are that.
//
// in:  {"id": 1, "call": "sendTransfer", "with": [..]}   any method, by its path from the plugin ("_rpc.message")
//      {"answer": ..} or {"refuse": "why"}               to the oldest question
// out: {"event": "returned", "id": 1, "value": ..} or {"event": "threw", "id": 1, "name": .., "message": ..}
//      {"event": "emitted", "name": "incoming_prepare", "with": [..]}
//      {"event": "asked", "name": .., "with": [..]}      by a function that a call was given
//      {"event": "listening"} and {"event": "unhandled", "message": ..}
// JSON has no words for some arguments: {"hex": ..} is a Buffer (in results too), {"date": ..} a Date, {"ask": name} a function.
const fs = require('fs'); const readline = require('readline'); const EventEmitter2 = require('eventemitter2'); const L = require('./lib')
const Framework = require('ilp-plugin-payment-channel-framework'); const ObjStore = require('ilp-plugin-payment-channel-framework/src/model/in-memory-store')
const Class = require('ilp-plugin-payment-channel-framework/src/lib/plugin'); L.loopbackOnly()

const shown = (key, value) => value && value.type === 'Buffer' && Array.isArray(value.data) ? { hex: Buffer.from(value.data).toString('hex') } : value
const put = (event, x) => process.stdout.write(JSON.stringify(Object.assign({ event }, x), shown) + '\n')
process.on('unhandledRejection', e => put('unhandled', { message: e && e.message })); process.on('uncaughtException', e => put('unhandled', { message: e && e.message }))

const questions = []
const ask = name => (...args) => new Promise((resolve, reject) => { questions.push({ resolve, reject }); put('asked', { name, with: args }) })
function revive (value) {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(revive)
  if ('hex' in value) return Buffer.from(value.hex, 'hex')
  if ('date' in value) return new Date(value.date)
  if ('ask' in value) return ask(value.ask)
  return Object.keys(value).reduce((o, key) => Object.assign(o, { [key]: revive(value[key]) }), {})
}

const options = JSON.parse(process.argv[2]); const { stateful, claim } = options; delete options.stateful; delete options.claim
if (stateful || claim) options._store = new ObjStore()
const [us, peer] = options.server ? ['client', 'server'] : ['server', 'client']
const channel = {
  pluginName: 'interop', constructor: () => {}, connect: async () => {}, disconnect: async () => {}, handleIncomingPrepare: async () => {},
  getAuthToken: () => options.token, getInfo: () => options.info, getAccount: () => options.prefix + us, getPeerAccount: () => options.prefix + peer,
  createOutgoingClaim: async (ctx, balance) => ({ balance, claim }), handleIncomingClaim: async (ctx, claimed) => put('emitted', { name: 'claimed', with: [claimed] })
}
const plugin = new (claim ? Framework.makePaymentChannelPlugin(channel) : Framework)(options)
plugin.onAny((name, ...args) => put('emitted', { name, with: args }))

// Every public method, and every event that is emitted anywhere in its source.
plugin.surface = function () {
  const source = fs.readFileSync(require.resolve('ilp-plugin-payment-channel-framework/src/lib/plugin'), 'utf8'); const inherited = new EventEmitter2()
  const methods = Object.getOwnPropertyNames(Class.prototype).concat(Object.keys(plugin)).filter(name => typeof plugin[name] === 'function' && name[0] !== '_' && !(name in inherited) && !['constructor', 'surface'].includes(name))
  const plain = Array.from(source.matchAll(/_safeEmit\('(\w+)'/g)).map(m => m[1])
  const eitherWay = Array.from(source.matchAll(/_safeEmit\(\(\w+\.isIncoming \? '(\w+)' : '(\w+)'\) \+ '(\w+)'/g)).map(m => [m[1] + m[3], m[2] + m[3]])
  const emits = source.match(/_safeEmit\(/g).length
  return { methods, events: Array.from(new Set(plain.concat(...eitherWay))), unread: emits - plain.length - eitherWay.length, errors: Object.keys(Framework.errors) }
}

function handle ({ id, call, with: args, answer, refuse }) {
  if (call === undefined) { const question = questions.shift(); return refuse === undefined ? question.resolve(answer) : question.reject(new Error(refuse)) }
  const path = call.split('.'); const method = path.pop(); const target = path.reduce((o, name) => o[name], plugin)
  new Promise(resolve => resolve(target[method](...revive(args)))).then(value => put('returned', { id, value }), e => put('threw', { id, name: e.name, message: e.message }))
}
readline.createInterface({ input: process.stdin }).on('line', line => handle(JSON.parse(line))).on('close', () => process.exit(0))
if (options.listener) plugin._listener.server.once('listening', () => setImmediate(() => put('listening')))
