package sip_test

import (
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"registrar/actors/sip"
)

func TestCleanContact(t *testing.T) {
	for in, want := range map[string]string{
		`"Desk" <sip:100@127.0.0.1:5099;transport=udp>;expires=300`: `"Desk" sip:100@127.0.0.1:5099;transport=udp;expires=300`,
		"<sip:100@10.0.0.1%3A5060>":                                 "sip:100@10.0.0.1:5060",
		"sip:a%40b@c+d%20e":                                         "sip:a%40b@c d e",
		"sip:a@b%4":                                                 "sip:a@b%4",
		"sip:a@b%zz%":                                               "sip:a@b%zz%",
		"sip:a@b%2541":                                              "sip:a@b%41",
		"sip:a@b@c%40":                                              "sip:a@b@c@",
		"no at %41 <here>":                                          "no at %41 here",
		"sip:a@%3Cb%3E":                                             "sip:a@b",
		"a@\xff<%ff":                                                "a@\xff\xff",
		"":                                                          "",
	} {
		if got := sip.CleanContact(in); got != want {
			t.Errorf("CleanContact(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestSameContact(t *testing.T) {
	for _, tc := range []struct {
		bound, named string
		same         bool
	}{
		{`"Desk" sip:a@b;transport=udp;expires=300`, `"Desk" sip:a@b;transport=udp;expires=0`, true},
		{`"Desk" sip:a@b;transport=udp;expires=300`, `sip:a@b;transport=udp`, true}, // the form in Kamailio's usrloc
		{`Desk sip:a@b;expires=300;q=0.5;+sip.instance="x"`, `sip:a@b`, true},
		{`"sip:fake@c \" sip:" sip:a@b`, `sip:a@b`, true},
		{`sip:a@b;transport=tcp`, `sip:a@b`, false},
		{`sip:a@b`, `sip:a@b;transport=tcp`, false},
		{`sip:a@b:5061`, `sip:a@b:506`, false},
		{`sip:a@b`, `sip:a@bc`, false},
		{`sip:a@b`, ``, false},
		{`odd`, `odd`, true},
	} {
		if got := sip.SameContact(tc.bound, tc.named); got != tc.same {
			t.Errorf("%q, named as %q: %v", tc.bound, tc.named, got)
		}
	}
}

func TestIDOfIsTheMD5(t *testing.T) {
	if got := sip.IDOf(""); got != "d41d8cd98f00b204e9800998ecf8427e" {
		t.Errorf("id of nothing is %q", got)
	}
}

func TestURIParts(t *testing.T) {
	for in, want := range map[string][2]string{
		"sip:100@acme.test":                         {"100", "acme.test"},
		"sips:100@acme.test:5061;transport=tls":     {"100", "acme.test"},
		`"Desk <x@y>" <sip:100@acme.test;lr>;tag=7`: {"100", "acme.test"},
		`"a\"<b" <SIP:100:pw@acme.test>`:            {"100", "acme.test"},
		"100@acme.test":                             {"100", "acme.test"},
		"<sip:100@[2001:db8::1]:5060>":              {"100", "2001:db8::1"},
		"sip:acme.test":                             {"", "acme.test"},
		"sip:100@acme.test?Subject=a@b":             {"100", "acme.test"},
		"":                                          {"", ""},
	} {
		if u, h := sip.UserOf(in), sip.HostOf(in); u != want[0] || h != want[1] {
			t.Errorf("%q: user %q, host %q, want %q", in, u, h, want)
		}
	}
	for host, want := range map[string]bool{"127.0.0.1": true, "[::1]": true, "::1": true, "acme.test": false, "1.2.3": false, "": false} {
		if sip.IsIP(host) != want {
			t.Errorf("IsIP(%q) is not %v", host, want)
		}
	}
}

func TestEncodeKey(t *testing.T) {
	for in, want := range map[string]string{
		"acme.test": "acme%2Etest", "a b": "a+b", "*": "*", "#": "#", "": "", "**": "%2A%2A", "é": "%C3%A9", "A-~_9": "A-~_9", "a+b": "a%2Bb",
	} {
		if got := sip.EncodeKey(in); got != want {
			t.Errorf("EncodeKey(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestEncodeKeyLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		out := sip.EncodeKey(in)
		if back, err := url.QueryUnescape(out); err != nil || back != in {
			t.Fatalf("%q became %q and came back as %q, %v", in, out, back, err)
		}
		if strings.ContainsAny(out, ". ") || len(in) != 1 && strings.ContainsAny(out, "*#") {
			t.Fatalf("%q became %q, which is no single word", in, out)
		}
	})
}

// No < or > remains, the text before the first @ is otherwise unchanged, the text after it is
// unquoted once, and no contact grows.
func TestCleanContactProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.StringOf(rapid.SampledFrom([]rune(`ab%+@<>;="é25CcEe `))).Draw(t, "contact")
		out := sip.CleanContact(in)
		if strings.ContainsAny(out, "<>") || len(out) > len(in) {
			t.Fatalf("%q became %q", in, out)
		}
		strip := strings.NewReplacer("<", "", ">", "")
		left, right, found := strings.Cut(in, "@")
		if !found {
			if out != strip.Replace(in) {
				t.Fatalf("%q has no @ and became %q", in, out)
			}
			return
		}
		if !strings.HasPrefix(out, strip.Replace(left)+"@") {
			t.Fatalf("%q became %q", in, out)
		}
		if want, err := url.QueryUnescape(right); err == nil && out != strip.Replace(left+"@"+want) {
			t.Fatalf("%q became %q, want what another unquotes", in, out)
		}
	})
}

func TestDigest(t *testing.T) { // RFC 7616 section 3.9.1, RFC 2617 section 3.5
	ha1 := sip.HA1("Mufasa", "http-auth@example.org", "Circle of Life")
	d := sip.Digest{
		Method: "GET", URI: "/dir/index.html", Nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", NC: "00000001",
		CNonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", QOP: "auth", Algorithm: "MD5",
	}
	const right = "8ca523f5e9506fed4657c9700eebdbec"
	if !d.Proves(ha1, right) || !d.Proves(ha1, strings.ToUpper(right)) {
		t.Error("the RFC's own example proves nothing")
	}
	for name, change := range map[string]func(*sip.Digest){
		"another method": func(d *sip.Digest) { d.Method = "POST" }, "another nonce": func(d *sip.Digest) { d.Nonce += "x" },
		"auth-int": func(d *sip.Digest) { d.QOP = "auth-int" }, "SHA-256": func(d *sip.Digest) { d.Algorithm = "SHA-256" },
		"without qop": func(d *sip.Digest) { d.QOP = "" }, "a session": func(d *sip.Digest) { d.Algorithm = "MD5-sess" },
	} {
		other := d
		if change(&other); other.Proves(ha1, right) {
			t.Errorf("%s: it proves as well", name)
		}
	}
	old := sip.Digest{Method: "GET", URI: "/dir/index.html", Nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093"}
	if !old.Proves(sip.HA1("Mufasa", "testrealm@host.com", "Circle Of Life"), "670fd8c2df070c60b045671b8b24ff02") {
		t.Error("without qop (RFC 2069) nothing is proved")
	}
}

func TestHA1(t *testing.T) { // RFC 7616 section 3.9.1
	if got := sip.HA1("Mufasa", "http-auth@example.org", "Circle of Life"); got != "3d78807defe7de2157e2b0b6573a855f" {
		t.Errorf("got %s", got)
	}
}

func FuzzCleanContact(f *testing.F) {
	for _, s := range []string{"sip:a@b%4", "<a@b>", "%", "@", "@%", "a@+%41%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := sip.CleanContact(s)
		if strings.ContainsAny(got, "<>") {
			t.Errorf("%q became %q", s, got)
		}
		if len(got) > len(s) {
			t.Errorf("%q grew to %q", s, got)
		}
		_, _ = sip.UserOf(s), sip.HostOf(s)
	})
}
