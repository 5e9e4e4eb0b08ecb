/** How the address names the tabs beside the panes, of what is right and wrong and of numbers. */
export const OUTCOMES = "outcomes";
export const NUMBERS = "numbers";
