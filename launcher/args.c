#include "args.h"

void args_free(struct args *args)
{
	oci_config_free(&args->oci);
	opt_list_free(&args->spec.env);
	opt_list_free(&args->spec.limits);
	opt_list_free(&args->spec.syscall_allow);
	opt_list_free(&args->spec.syscall_deny);
	opt_list_free(&args->spec.keep_fds);
	opt_list_free(&args->spec.binds);
	opt_list_free(&args->spec.tmpfs);
	opt_list_free(&args->spec.spec_files);
	opt_list_free(&args->spec.landlock_read);
	opt_list_free(&args->spec.landlock_write);
	opt_list_free(&args->spec.require);
	opt_list_free(&args->image.copies);
}
