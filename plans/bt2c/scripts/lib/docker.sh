# shellcheck shell=bash
# Containers, volumes and networks of the one Compose project, found by their labels. Touches nothing without these labels.

DOCKER_LIMIT=60
SCRATCH=

# Every call has a limit; --foreground keeps it in our process group, so that whoever ends the script ends it too.
dk() { timeout --foreground -k 5 "$DOCKER_LIMIT" docker "$@"; }

compose() {
    timeout --foreground -k 5 "${COMPOSE_LIMIT:-180}" "${COMPOSE[@]}" -p "$MUSTER_PROJECT" -f "$MUSTER_COMPOSE_FILE" \
        --env-file "$MUSTER_COMPOSE_ENV_FILE" "$@"
}

# Compose with its chatter kept for the case that it fails.
compose_quietly() {
    if ! compose "$@" </dev/null >"$WORK/compose.log" 2>&1; then
        problem "Compose could not do '$*':"
        tail -n 8 -- "$WORK/compose.log" | sed 's/^/    /' >&2
        return 1
    fi
}

services() { compose config --services 2>/dev/null </dev/null | sort; }

# The container of a service, in whatever state; empty if there is none.
container_of() {
    local ids
    ids=$(dk ps -a -q --no-trunc --filter "label=com.docker.compose.project=$MUSTER_PROJECT" \
        --filter "label=com.docker.compose.service=$1" --filter label=com.docker.compose.oneoff=False) || return 1
    printf '%s' "${ids%%$'\n'*}"
}

# running, paused, exited, created, … or "missing"
state_of() {
    local id
    id=$(container_of "$1") || return 1
    if [[ -z $id ]]; then
        printf missing
    else
        dk inspect -f '{{.State.Status}}' "$id" 2>/dev/null || printf missing
    fi
}

is_running() { [[ $(state_of "$1") = running ]]; }
is_up() { case $(state_of "$1") in running | paused | restarting) ;; *) return 1 ;; esac; }

volume_of() {
    local names
    names=$(dk volume ls -q --filter "label=com.docker.compose.project=$MUSTER_PROJECT" \
        --filter "label=com.docker.compose.volume=$1") || return 1
    printf '%s' "${names%%$'\n'*}"
}

network_of() {
    local ids
    ids=$(dk network ls -q --no-trunc --filter "label=com.docker.compose.project=$MUSTER_PROJECT" \
        --filter "label=com.docker.compose.network=$1") || return 1
    printf '%s' "${ids%%$'\n'*}"
}

# helper ENTRYPOINT [docker options] IMAGE [arguments]: a short-lived container that is gone afterwards.
helper() {
    local entrypoint=$1
    shift
    dk run --rm --pull=never --label muster.helper=1 --label "muster.project=$MUSTER_PROJECT" --entrypoint "$entrypoint" "$@"
}

# toolbox COMMAND [docker options] -- ARGUMENTS: coreutils, tar and bash of the Postgres image, without network.
toolbox() {
    local command=$1 options=()
    shift
    while (($#)) && [[ $1 != -- ]]; do
        options+=("$1")
        shift
    done
    shift
    helper "$command" --network none "${options[@]}" "$POSTGRES_IMAGE" "$@"
}

# A volume of our own to look into an archive; removed when the script ends.
scratch_volume() {
    if [[ -z $SCRATCH ]]; then
        SCRATCH=muster-scratch-$MUSTER_PROJECT-$$-$(random_hex 4)
        dk volume create --label muster.helper=1 --label "muster.project=$MUSTER_PROJECT" "$SCRATCH" >/dev/null
    fi
}

release_scratch() {
    if [[ -n $SCRATCH ]]; then
        dk volume rm -f "$SCRATCH" >/dev/null 2>&1 || warn "the scratch volume $SCRATCH could not be removed."
        SCRATCH=
    fi
}

# Makes containers, volumes and networks of services that are gone, and starts nothing.
create_services() { compose_quietly up --no-start "$@"; }

# Starts exactly these services; whoever must be made anew (another password, another image) is.
start_services() { compose_quietly up -d --no-deps "$@"; }

stop_services() { compose_quietly stop -t 10 "$@"; }

# The networks a service belongs to according to the Compose file, one key a line. Compose v2 prints JSON; v1 only
# YAML, but always in the same plain layout.
networks_of_service() {
    if ((${#COMPOSE[@]} == 2)); then
        compose config --format json 2>/dev/null </dev/null |
            jq -r --arg service "$1" '.services[$service].networks // {"default": null} | keys[]'
        return
    fi
    compose config 2>/dev/null </dev/null | awk -v service="$1" '
        /^[^ ]/ { top = $1 }
        top == "services:" && /^  [^ ]/ { mine = ($1 == service ":"); inside = 0; next }
        mine && /^    [^ -]/ { inside = ($1 == "networks:"); next }
        mine && inside && /^    - / { print $2; found = 1; next }
        mine && inside && /^      [^ ]/ { key = $1; sub(/:$/, "", key); print key; found = 1 }
        END { if (!found) print "default" }'
}

# The networks a container is really on: their ids, one a line.
networks_of_container() {
    dk inspect "$1" | jq -r '.[0].NetworkSettings.Networks // {} | .[] | .NetworkID'
}

# Is the container on the network under its service's name?
has_alias() { # container network-id service
    dk inspect "$1" | jq -e --arg id "$2" --arg alias "$3" \
        '[.[0].NetworkSettings.Networks[] | select(.NetworkID == $id) | ((.Aliases // []) + (.DNSNames // []))[]] | index($alias) != null' \
        >/dev/null
}
