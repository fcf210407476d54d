import '../shared/style/base.css'
import { mount } from 'svelte'
import { watchAttention } from './attention'
import App from './App.svelte'

watchAttention()
const page = document.getElementById('page')
if (page) mount(App, { target: page })
