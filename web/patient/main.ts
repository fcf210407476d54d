import '../shared/style/base.css'
import './hand.css'
import { mount } from 'svelte'
import App from './App.svelte'
import { letTheStageHoldThePhone } from './stage-hand'
import { state } from './state.svelte'

const page = document.getElementById('page')
if (page) {
  // The page first: with or without a working store, 111 and 999 are on it.
  mount(App, { target: page })
  void state.load().then(letTheStageHoldThePhone)
}
if ('serviceWorker' in navigator && isSecureContext) void navigator.serviceWorker.register('/app/service-worker.js', { scope: '/app/' })
