// What the stage page and the demo process say to each other. The demo serves /stage/ from its own port, on the same
// host name as the service (http://localhost:…), and frames the service's real pages. The page asks the process only for
// what a page cannot do: the numbers, the inbox, moving time, killing the service. Dorothy's own acts are played
// in her phone's frame (see phone.ts), through the real app and its real outbox.

/** `GET /stage/state`; and each `event: state` of the event stream `GET /stage/events` carries a whole one but for the staff pages'
 * addresses, which come with the session cookie in the answer of `GET /stage/state`. */
export interface StageState {
  /** Care time now, RFC 3339; it runs on at real pace unless the process is stepping it. */
  care_now: string
  /** IANA name; every time on the stage is shown in it. */
  time_zone: string
  service: 'starting' | 'up' | 'killed'
  /** While something is awaited: what, and how far. `total` 0: not known. Null: ready to play. */
  progress: { what: string; done: number; total: number } | null
  /** Dorothy's app. With an unused code: `…/app/#code=ABCD-EFGH&born=1944-05-02`, then she enrols by herself. Null: not yet. */
  phone_url: string | null
  /** `…/staff/`: the frame is signed in, as the answer that tells it sets the session cookie (cookies ignore ports). */
  worklist_url: string | null
  /** `…/staff/patients/<Dorothy>?only=chart` */
  chart_url: string | null
  stored: number
  judged: number
  lost: number
  /** Newest first, at most 50. */
  inbox: StageMessage[]
  /** What just happened, one sentence, or null. */
  said: string | null
}

export interface StageMessage {
  id: string
  /** Care time. */
  at: string
  channel: 'email' | 'pager'
  to: string
  priority: 'high' | 'medium' | 'low' | null
  subject: string
  body: string
}

/** `POST /stage/act`, answered 204 when it is done, 409 with a sentence when it cannot be done now. */
export interface StageAct {
  /** `nobody_answers`: 20 minutes of care time pass. `kill`: SIGKILL to the service, which the process then starts again. */
  what: 'nobody_answers' | 'kill'
}

/** `POST /stage/receipts` (204): ids of submissions that Dorothy's phone saw *stored*, so that a lost one can be counted. */
export interface StageReceipts {
  ids: string[]
}
