package persistence

// WithoutSync returns options that leave out fsync: for negative controls.
func WithoutSync(o Options) Options {
	o.noSync = true
	return o
}
