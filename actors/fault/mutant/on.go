//go:build mutants

package mutant

import "os"

// On reports whether a planted bug is there: the one that REGISTRAR_MUTANT names.
func On(n Name) bool { return os.Getenv("REGISTRAR_MUTANT") == string(n) }
