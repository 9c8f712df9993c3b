package setup

// hand does nothing: a service on Windows is given its account by the service manager.
func (o *Options) hand(...string) error { return nil }
