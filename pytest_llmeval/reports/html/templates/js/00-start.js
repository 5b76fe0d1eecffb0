"use strict";
// The script of the HTML report. Its sources are joined in the order of their names. Nothing else is loaded.
// Data of a run reaches the page only as text nodes and attributes, which `el` and `svg` make.
