// Telephone numbers within a clinician's words, so that each can be rung by a tap.

/** As in: call 999, call 111, Samaritans on 116 123. A value is none: nothing tells somebody to ring it. */
const NUMBER = /(?<=\b(?:call|ring|on|or) )(999|111|116 123)\b/

/** Words and numbers in turn; the words come first. */
export const withNumbers = (text: string): string[] => text.split(NUMBER)
