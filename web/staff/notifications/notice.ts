// What a page looks like as a notification, and where a click on it leads.

export type Notice = { title: string; options: { body: string; tag: string; requireInteraction: boolean; icon: string; data: { link: string } } }

const START = '/staff/'

/** Of what the service sent. A browser that was woken must show something, so what cannot be read leads to the worklist. */
export function notice(sent: unknown, origin: string): Notice {
  const said = (name: string): string => {
    const value: unknown = typeof sent === 'object' && sent !== null ? Reflect.get(sent, name) : undefined
    return typeof value === 'string' ? value : ''
  }
  return {
    title: said('subject') || 'Derwent: look at the worklist',
    options: {
      body: said('text'),
      // What had to be sent again is the same notification.
      tag: said('page'),
      requireInteraction: said('priority') === 'high',
      icon: '/icon.svg',
      data: { link: within(said('link'), origin) },
    },
  }
}

/** Only to our own pages. */
function within(link: string, origin: string): string {
  const url = URL.canParse(link) ? new URL(link) : null
  return url?.origin === origin && url.pathname.startsWith(START) ? url.href : origin + START
}
