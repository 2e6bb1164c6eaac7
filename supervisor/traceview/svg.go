package traceview

import (
	"fmt"
	"html"
	"io"
	"strings"

	"registrar/actors/trace"
)

// Dimensions in pixels.
const (
	svgLane = 150
	svgRow  = 30
	svgTop  = 50
	svgLeft = 110
	svgText = 640 // space for labels to the right of the last lane
)

// SVG writes a self-contained picture without script, font or style sheet.
func SVG(w io.Writer, events []trace.Event) error {
	c, err := draw(events)
	if err != nil {
		return err
	}
	width, height := svgLeft+len(c.lanes)*svgLane+svgText, svgTop+(len(c.rows)+1)*svgRow
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="monospace" font-size="11">`+"\n",
		width, height, width, height)
	b.WriteString(`<defs><marker id="a" markerWidth="9" markerHeight="8" refX="9" refY="4" orient="auto"><path d="M0,0 L9,4 L0,8 z"/></marker></defs>` + "\n")
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	for i, name := range c.lanes {
		x := laneX(i)
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%s</text><line x1="%d" y1="%d" x2="%d" y2="%d" stroke="silver"/>`+"\n",
			x, svgTop-22-14*(i%2), html.EscapeString(name), x, svgTop-16, x, height-10)
	}
	for n, r := range c.rows {
		c.svgRow(&b, n, r)
	}
	b.WriteString("</svg>\n")
	return write(w, b.String())
}

func laneX(i int) int { return svgLeft + i*svgLane + svgLane/2 }

func (c *chart) svgRow(b *strings.Builder, n int, r row) {
	y, colour := svgTop+n*svgRow+svgRow/2, "black"
	if r.failed {
		colour = "crimson"
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end" fill="gray">%.3f ms</text>`, svgLeft-8, y+4, float64(r.at.Nanoseconds())/1e6)
	at := max(laneX(r.from), laneX(r.to)) + 10
	if r.from == r.to {
		fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle" fill="%s" font-size="14">%s</text>`, laneX(r.to), y+5, colour, r.mark)
	} else {
		fmt.Fprintf(b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s" marker-end="url(#a)"/>`, laneX(r.from), y, laneX(r.to), y, colour)
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" fill="%s">%s</text>`+"\n", at, y-3, colour, html.EscapeString(r.label))
}
