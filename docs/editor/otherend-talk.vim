" Vim syntax file for otherend transcripts (*.talk).
"
" Copy it to ~/.vim/syntax/otherend-talk.vim and add to ~/.vimrc:
"   autocmd BufRead,BufNewFile *.talk set filetype=otherend-talk

if exists('b:current_syntax')
  finish
endif

syntax case match

syntax match talkFirst     /\%1l^otherend talk 1\s*$/
syntax match talkComment   /^#.*$/
syntax match talkSeal      /^#=.*$/
syntax match talkSetting   /^\%(eol\|framing\|timeout\|over\|let\)\>/
syntax match talkPause     /^+[0-9.]\+\%(ms\|s\|m\|h\)\=\s*$/

syntax match talkClient    /^\d*C[:?*.#!]/
syntax match talkServer    /^\d*S[:?*.#!]/
syntax match talkAct       /\%(^\d*[CS]!\s*\)\@<=\%(connect\|close\|half-close\|reset\)\s*$/
syntax match talkRule      /^on\s\+\%(connect\|other\)\s*$/
syntax match talkRule      /^on\s\+\%(after\s\+\d\+\s\+\)\=C[:#]/

syntax match talkEscape    /\\\%([rnt0\\]\|x\x\x\|{{\)/
syntax match talkReference /\\\@<!{{\h[[:alnum:]_-]*}}/
syntax region talkHole matchgroup=talkHoleEdge
      \ start=/\\\@<!{{\%(_\|\a[[:alnum:]_-]*\):\%(int\|hex\|word\|text\|ip\|time\|uuid\|b64\|[uif]\d\+\%(le\)\=\|bytes\%((\d\+)\)\=\|\/\%(\\.\|[^/\\]\)*\/\)=/
      \ end=/}}/ oneline contains=talkEscape

syntax match talkReserved  /^\d*[CS][={}-].*$/
syntax match talkReserved  /^\%(sync\|starttls\|within\)\>.*$/
syntax match talkTrailing  /[ \t]\+$/ containedin=ALLBUT,talkComment,talkSeal

highlight default link talkFirst     PreProc
highlight default link talkComment   Comment
highlight default link talkSeal      NonText
highlight default link talkSetting   PreProc
highlight default link talkPause     Number
highlight default link talkClient    Statement
highlight default link talkServer    Type
highlight default link talkAct       Keyword
highlight default link talkRule      Conditional
highlight default link talkEscape    SpecialChar
highlight default link talkReference Identifier
highlight default link talkHole      String
highlight default link talkHoleEdge  Identifier
highlight default link talkReserved  Error
highlight default link talkTrailing  Error

let b:current_syntax = 'otherend-talk'
