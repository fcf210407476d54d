// An alert's sentence as a heading: whose limit it was stands among the reasons.
export const headline = (sentence: string) => sentence.replaceAll(/ \([^()]*\)/g, '')
