/** The telephone's own form of a number written for people. */
export const tel = (phone: string) => `tel:${phone.replaceAll(/[^+\d]/g, '')}`
