"use strict";
// The script of the HTML report. Its sources are joined in the order of their names; nothing else is loaded. All that comes
// from a run reaches the page as text nodes, made by `el` and `svg`.
