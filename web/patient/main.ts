import '../shared/style/base.css'
import './hand.css'
import { mount } from 'svelte'
import App from './App.svelte'
import { letTheStageHoldThePhone } from './stage-hand'
import { state } from './state.svelte'

const page = document.getElementById('page')
if (page) {
  await state.load()
  mount(App, { target: page })
  letTheStageHoldThePhone()
}
if ('serviceWorker' in navigator && isSecureContext) void navigator.serviceWorker.register('/app/service-worker.js', { scope: '/app/' })
