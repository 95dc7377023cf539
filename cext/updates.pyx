# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""A training step's end: all weights and slots of an optimizer in one call, one pass over each.

Arrays are cut into pieces by size alone, and no element's result depends on its piece, so the bits
do not depend on the number of threads.
"""
from cpython.buffer cimport PyBUF_C_CONTIGUOUS, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.string cimport memmove

import numpy

from api cimport *

from convlet._cext import runtime

cdef extern from "updates.h" nogil:
    enum: RULE_COUNT, MOST_SLOTS, MOST_HYPER, BLOCK

    ctypedef struct update_t:
        char *weights
        const char *grad
        char *slots[MOST_SLOTS]
        char *average
        ptrdiff_t first, end

    ctypedef void (*rule_t)(const update_t *u, const double *hyper) noexcept nogil
    rule_t rule_of(int rule, int dtype)
    rule_t average_of(int dtype)
    double squares_f32(const char *array, ptrdiff_t first, ptrdiff_t end)
    double squares_f64(const char *array, ptrdiff_t first, ptrdiff_t end)

cdef api_t *api = <api_t *>PyCapsule_GetPointer(runtime._api, "convlet.api")

# In the order of updates.h's enumeration, each with what `hyper` holds.
_HYPER = {
    "sgd": ("learning_rate", "weight_decay", "momentum", "nesterov"),
    "adam": ("learning_rate", "weight_decay", "beta_1", "beta_2", "epsilon", "amsgrad", "step"),
    "rmsprop": ("learning_rate", "weight_decay", "rho", "momentum", "epsilon", "centered"),
    "adadelta": ("learning_rate", "weight_decay", "rho", "epsilon"),
    "adagrad": ("learning_rate", "weight_decay", "epsilon"),
    "adamax": ("learning_rate", "weight_decay", "beta_1", "beta_2", "epsilon", "step"),
    "nadam": ("learning_rate", "weight_decay", "beta_1", "beta_2", "epsilon", "step", "product"),
    "lion": ("learning_rate", "weight_decay", "beta_1", "beta_2"),
}
# What a rule keeps for each weight, besides what "momentum", "amsgrad" and "centered" ask for.
_SLOTS = {"sgd": 0, "adam": 2, "rmsprop": 1, "adadelta": 2, "adagrad": 1, "adamax": 2, "nadam": 2,
          "lion": 1}
_DTYPES = (numpy.dtype(numpy.float32), numpy.dtype(numpy.float64))

cdef enum:
    PIECE = 16384  # elements of one task; a multiple of BLOCK and of SQUARE_LANES

cdef struct job_t:
    update_t update  # of a whole variable
    rule_t rule      # NULL: only the average changes
    rule_t follow    # NULL: there is no average
    const double *hyper
    ptrdiff_t task   # the first of its tasks

cdef struct call_t:
    job_t *jobs
    ptrdiff_t tasks, elements
    double hyper[MOST_HYPER]
    double undecayed[MOST_HYPER]  # the same without weight decay
    double momentum

cdef struct squares_t:
    const char *array
    ptrdiff_t count
    int dtype
    double *sums     # of each piece


def apply(str rule not None, tuple hyper not None, list variables not None, list grads not None,
          list slots not None, list assignments not None, frozenset undecayed not None=frozenset(),
          list averages=None, double momentum=0):
    """Change variables and their slots in place as an optimizer's rule says, then assign values.

    Parameters
    ----------
    rule : str
        "sgd", "adam", "rmsprop", "adadelta", "adagrad", "adamax", "nadam" or "lion".
    hyper : tuple of float
        The learning rate, the weight decay (0: none), then for sgd: momentum, nesterov; for adam:
        beta_1, beta_2, epsilon, amsgrad, the step counted from 1; for rmsprop: rho, momentum,
        epsilon, centered; for adadelta: rho, epsilon; for adagrad: epsilon; for adamax: beta_1,
        beta_2, epsilon, step; for nadam: these and the product of the momenta up to the step; for
        lion: beta_1, beta_2. 0 or 1 for a flag.
    variables : list of Variable
        float32 or float64, no two with the same memory.
    grads : list of ndarray
        One for each variable, of its shape and dtype, C-contiguous and aligned; must not share
        memory with variables or slots. None, where there are averages, leaves the variable alone.
    slots : list of tuple of Variable
        One for each variable, each like the variable. sgd: momentum, if that is not 0; adam:
        momentum, velocity, and with amsgrad the largest velocity; rmsprop: velocity, momentum if
        that is not 0, and with centered the average gradient; adadelta: the averages of squared
        gradients and of squared steps; adagrad: the sum of squared gradients; adamax: momentum, the
        largest gradient; nadam: momentum, velocity; lion: momentum.
    assignments : list of (Variable, ndarray)
        Copied after the update, in order; each value has its variable's shape and dtype.
    undecayed : frozenset of int
        The places of variables without weight decay.
    averages : list of Variable, optional
        One for each variable, like it: momentum * average + (1 - momentum) * variable, after the
        rule.
    momentum : float

    Raises
    ------
    ValueError, TypeError
        If an argument is not as above; nothing has changed then.
    MemoryError
        If there is no memory for scratch; nothing has changed then.

    Notes
    -----
    All arithmetic is in the variable's element type; subnormal results are flushed to zero. Once
    the first element changes, no Python code runs until all have: signal handlers wait, so Ctrl-C
    leaves the state before the step or after it, never half of one.
    """
    cdef call_t call
    cdef Py_ssize_t i, kind = checked_rule(rule, hyper)
    cdef list copies, changed
    check_lengths(variables, grads, slots, averages)
    for i in range(len(hyper)):
        call.hyper[i] = call.undecayed[i] = hyper[i]
    call.undecayed[1], call.momentum = 0, momentum
    # These lists keep the arrays alive for as long as the call needs their addresses.
    weights = [data_of("variables", variable) for variable in variables]
    states = [[data_of("slots", slot) for slot in group] for group in slots]
    means = [data_of("averages", average) for average in averages or ()]
    targets = [data_of("assignments", variable) for variable, _ in assignments]
    check_updates(weights, grads, states, slots_wanted(rule, hyper), means)
    copies = checked_copies(targets, [value for _, value in assignments])
    changed = next_versions(variables, grads, slots, assignments, averages or [])
    call.jobs = <job_t *>PyMem_Malloc((len(weights) + 1) * sizeof(job_t))
    if call.jobs == NULL:
        raise MemoryError("no memory for the list of updates")
    try:
        fill_jobs(&call, kind, weights, grads, states, undecayed, means)
        # Less than a piece for each thread is not worth waking one.
        run(update_task, &call, call.tasks, max(1, min(api.threads, call.elements // PIECE)))
        for to, value, size in copies:
            memmove(<void *><size_t>to, <void *><size_t>value, <size_t>size)
        for variable, version in changed:
            variable._version = version
    finally:
        PyMem_Free(call.jobs)


# ------------------------------------------------------------------------------------------- checks

cdef Py_ssize_t checked_rule(str rule, tuple hyper) except -1:
    if rule not in _HYPER:
        raise ValueError(f"rule must be one of {', '.join(_HYPER)}, got {rule!r}")
    if len(hyper) != len(_HYPER[rule]):
        raise ValueError(f"hyper must be ({', '.join(_HYPER[rule])}) for {rule}, got {hyper}")
    return list(_HYPER).index(rule)


cdef Py_ssize_t slots_wanted(str rule, tuple hyper) except -1:
    named = zip(_HYPER[rule], hyper)
    return _SLOTS[rule] + len([1 for name, value in named
                         if value != 0 and name in ("momentum", "amsgrad", "centered")])


cdef check_lengths(list variables, list grads, list slots, list averages):
    for name, given in (("grads", grads), ("slots", slots), ("averages", averages)):
        if given is not None and len(given) != len(variables):
            raise ValueError(f"{name} must be as many as variables, {len(variables)}, "
                             f"got {len(given)}")


cdef data_of(str argument, variable):
    """The array of a variable."""
    data = getattr(variable, "_data", None)
    if not (isinstance(data, numpy.ndarray) and hasattr(variable, "_version")):
        raise TypeError(f"{argument} must be Variables, got {type(variable).__name__}")
    if not data.flags.carray:
        raise ValueError(f"{argument} must have C-contiguous, aligned, writeable arrays, "
                         f"got strides {data.strides} for shape {data.shape}")
    return data


cdef check_like(str argument, array, like):
    if not isinstance(array, numpy.ndarray):
        raise TypeError(f"{argument} must be ndarrays, got {type(array).__name__}")
    if array.dtype != like.dtype:
        raise TypeError(f"{argument} must have their variable's dtype {like.dtype}, "
                        f"got {array.dtype}")
    if array.shape != like.shape:
        raise ValueError(f"{argument} must have their variable's shape {like.shape}, "
                         f"got {array.shape}")
    if not (array.flags.c_contiguous and array.flags.aligned):
        raise ValueError(f"{argument} must be C-contiguous and aligned, got strides "
                         f"{array.strides} for shape {array.shape}")


cdef check_updates(list weights, list grads, list states, Py_ssize_t wanted, list means):
    cdef list places = []
    for data, mean in zip(weights, means):
        check_like("averages", mean, data)
        places.append(<size_t>address(mean, True))
    for data, grad, group in zip(weights, grads, states):
        if data.dtype not in _DTYPES:
            raise TypeError(f"variables must be float32 or float64, got {data.dtype}")
        if grad is not None or not means:
            check_like("grads", grad, data)
        if len(group) != wanted:
            raise ValueError(f"slots must be {wanted} for each variable, got {len(group)}")
        for state in group:
            check_like("slots", state, data)
        for written in (data, *group):
            places.append(<size_t>address(written, True))
    if len(places) != len(set(places)):
        raise ValueError(
            "variables, slots and averages must not share memory: is one given twice?")


cdef list checked_copies(list targets, list values):
    """For each assignment: where to, where from, how many bytes."""
    for data, value in zip(targets, values):
        check_like("assignments", value, data)
        if data.dtype.kind not in "fiub":
            raise TypeError(f"assignments must be real numbers, got {data.dtype}")
    return [(<size_t>address(data, True), <size_t>address(value, False), data.nbytes)
            for data, value in zip(targets, values)]


cdef list next_versions(list variables, list grads, list slots, list assignments, list averages):
    """Each variable that changes, with its version after that."""
    changed = averages + [variable for variable, _ in assignments]
    for variable, grad, group in zip(variables, grads, slots):
        if grad is not None:
            changed += [variable, *group]
    return [(variable, variable._version + 1) for variable in changed]


# --------------------------------------------------------------------------------------------- work

cdef char *address(array, bint written) except? NULL:
    cdef Py_buffer buffer
    PyObject_GetBuffer(array, &buffer, PyBUF_C_CONTIGUOUS | (PyBUF_WRITABLE if written else 0))
    cdef char *start = <char *>buffer.buf
    PyBuffer_Release(&buffer)
    return start


cdef fill_jobs(call_t *call, int rule, list weights, list grads, list states, frozenset undecayed,
               list means):
    cdef Py_ssize_t i, j
    cdef job_t *job
    cdef int dtype
    call.tasks = call.elements = 0
    for i in range(len(weights)):
        job = &call.jobs[i]
        job.task = call.tasks
        job.hyper = &call.undecayed[0] if i in undecayed else &call.hyper[0]
        dtype = FLOAT32 if weights[i].dtype == _DTYPES[0] else FLOAT64
        job.rule = rule_of(rule, dtype) if grads[i] is not None else NULL
        job.follow = average_of(dtype) if means else NULL
        job.update.weights = address(weights[i], True)
        job.update.grad = address(grads[i], False) if grads[i] is not None else NULL
        job.update.average = address(means[i], True) if means else NULL
        for j in range(len(states[i])):
            job.update.slots[j] = address(states[i][j], True)
        job.update.first, job.update.end = 0, weights[i].size
        call.elements += job.update.end
        call.tasks += (job.update.end + PIECE - 1) // PIECE
    call.jobs[len(weights)].task = call.tasks


cdef void update_task(void *context, ptrdiff_t task, void *scratch) noexcept nogil:
    cdef const call_t *c = <const call_t *>context
    cdef const job_t *job = c.jobs
    cdef update_t block
    cdef ptrdiff_t end
    while job[1].task <= task:
        job += 1
    block = job.update
    block.first = (task - job.task) * PIECE
    end = min(block.first + PIECE, job.update.end)
    while block.first < end:
        block.end = min(block.first + BLOCK, end)
        if job.rule != NULL:
            job.rule(&block, job.hyper)
        if job.follow != NULL:
            job.follow(&block, &c.momentum)
        block.first = block.end


cdef int run(task_t task, void *context, ptrdiff_t count, ptrdiff_t threads) except -1:
    """All tasks, with the GIL released."""
    cdef int failed = 0
    if count:
        with nogil:
            failed = api.run(task, context, count, <int>threads)
    if failed:
        raise MemoryError("no memory for convlet's scratch")
    return 0


# -------------------------------------------------------------------------------------------- norms

cdef void squares_task(void *context, ptrdiff_t task, void *scratch) noexcept nogil:
    cdef const squares_t *c = <const squares_t *>context
    cdef ptrdiff_t first = task * PIECE, end = min(first + PIECE, c.count)
    if c.dtype == FLOAT32:
        c.sums[task] = squares_f32(c.array, first, end)
    else:
        c.sums[task] = squares_f64(c.array, first, end)


def sum_of_squares(array not None):
    """The sum of squares of a float32 or float64 array, C-contiguous and aligned, in double.

    Elements are summed in pieces of 16384, which are added in order, whatever the threads.
    """
    cdef squares_t call
    cdef ptrdiff_t tasks, i
    cdef double total = 0
    check_like("array", array, array)
    if array.dtype not in _DTYPES:
        raise TypeError(f"array must be float32 or float64, got {array.dtype}")
    call.array, call.count = address(array, False), array.size
    call.dtype = FLOAT32 if array.dtype == _DTYPES[0] else FLOAT64
    tasks = (call.count + PIECE - 1) // PIECE
    call.sums = <double *>PyMem_Malloc((tasks + 1) * sizeof(double))
    if call.sums == NULL:
        raise MemoryError("no memory for the sums of the pieces")
    try:
        run(squares_task, &call, tasks, api.threads)
        for i in range(tasks):
            total += call.sums[i]
    finally:
        PyMem_Free(call.sums)
    return total
